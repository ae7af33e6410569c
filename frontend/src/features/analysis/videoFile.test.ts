import { describe, expect, it } from 'vitest';
import { checkFile } from './videoFile';

describe('checkFile', () => {
  it.each(['a.mp4', 'A.MOV', 'my film.v2.WebM', 'x.ts', 'x.mpg', 'x.m4v', 'x.mkv', 'x.avi'])('takes %s', (name) => {
    expect(checkFile({ name, size: 1 })).toEqual({ ok: true, ext: name.slice(name.lastIndexOf('.')).toLowerCase() });
  });

  it.each(['notes.txt', 'video', 'a.mp4.exe', 'a.mp4/'])('refuses %s and says what would do', (name) => {
    const check = checkFile({ name, size: 1 });
    expect(check).toMatchObject({ ok: false, refusal: { code: 'UNSUPPORTED_EXTENSION' } });
    expect(check.ok ? '' : check.refusal.sentence).toContain('MP4, MOV');
  });

  it('refuses an empty file', () => {
    expect(checkFile({ name: 'a.mp4', size: 0 })).toMatchObject({ ok: false, refusal: { code: 'EMPTY_INPUT' } });
  });
});
