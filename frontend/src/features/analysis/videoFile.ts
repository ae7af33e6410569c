import type { Failure } from './state';

export const EXTENSIONS = ['.mp4', '.mov', '.m4v', '.webm', '.mkv', '.avi', '.ts', '.mpg'] as const;

/** Their names for people, in the same order. */
export const KINDS: readonly string[] = ['MP4', 'MOV', 'M4V', 'WebM', 'MKV', 'AVI', 'TS', 'MPG'];

/** For a file input's `accept`. */
export const ACCEPT = EXTENSIONS.join(',');

export type FileCheck = { ok: true; ext: string } | { ok: false; refusal: Failure };

/** What can be said about a file before any byte of it is sent. */
export function checkFile(file: { name: string; size: number }): FileCheck {
  const dot = file.name.lastIndexOf('.');
  const ext = dot < 0 ? '' : file.name.slice(dot).toLowerCase();
  if (!(EXTENSIONS as readonly string[]).includes(ext)) {
    const list = `${KINDS.slice(0, -1).join(', ')} or ${KINDS.at(-1) ?? ''}`;
    return refuse('UNSUPPORTED_EXTENSION', `“${file.name}” is not a kind of video Sightline reads. Choose an ${list} file.`);
  }
  if (file.size === 0) return refuse('EMPTY_INPUT', `“${file.name}” is empty: it has no bytes. Was it copied completely?`);
  return { ok: true, ext };
}

function refuse(code: string, sentence: string): FileCheck {
  return { ok: false, refusal: { code, sentence } };
}
