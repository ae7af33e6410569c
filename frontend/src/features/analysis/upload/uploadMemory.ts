import type { AnalysisOptions } from '../../../api/wire';

const KEY = 'sightline.uploads';
/** Uploads that are remembered; the oldest are forgotten first. */
const MOST = 20;

export type Shelf = Pick<Storage, 'getItem' | 'setItem'>;

/** What makes one upload differ from another, as far as a page can see it without reading the file. */
export function fingerprint(file: Pick<File, 'name' | 'size' | 'lastModified'>, chunkBytes: number, options: AnalysisOptions): string {
  const sorted = Object.entries(options).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([file.name, file.size, file.lastModified, chunkBytes, sorted]);
}

type Entry = readonly [print: string, sessionId: string];

/** The sessions of uploads that have not ended, so that the same file can go on after a reload. */
export class UploadMemory {
  readonly #shelf: Shelf;

  constructor(shelf: Shelf = shelfOfThisPage()) {
    this.#shelf = shelf;
  }

  find(print: string): string | undefined {
    return this.#read().find(([known]) => known === print)?.[1];
  }

  keep(print: string, sessionId: string): void {
    this.#write([...this.#without(print), [print, sessionId] as const].slice(-MOST));
  }

  forget(print: string): void {
    this.#write(this.#without(print));
  }

  #without(print: string): Entry[] {
    return this.#read().filter(([known]) => known !== print);
  }

  #read(): Entry[] {
    try {
      const kept: unknown = JSON.parse(this.#shelf.getItem(KEY) ?? '[]');
      return Array.isArray(kept) ? kept.filter(isEntry) : [];
    } catch {
      // Forbidden by the browser, or written by something else.
      return [];
    }
  }

  #write(entries: readonly Entry[]): void {
    try {
      this.#shelf.setItem(KEY, JSON.stringify(entries));
    } catch {
      // Full or forbidden: the upload works, it cannot go on after a reload.
    }
  }
}

function isEntry(value: unknown): value is Entry {
  return Array.isArray(value) && value.length === 2 && value.every((part) => typeof part === 'string');
}

/** For browsers that give no storage: what is remembered goes with the page. */
export function shelfOfThisPage(): Shelf {
  const kept = new Map<string, string>();
  return { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => void kept.set(key, value) };
}

export function browserShelf(): Shelf {
  try {
    return window.localStorage;
  } catch {
    return shelfOfThisPage();
  }
}
