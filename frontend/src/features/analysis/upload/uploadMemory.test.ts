import { expect, it } from 'vitest';
import { fingerprint, shelfOfThisPage, UploadMemory } from './uploadMemory';

const OPTIONS = { confidence: 0.4, max_poses: 3, debug: false };
const FILE = { name: 'a.mp4', size: 5, lastModified: 7 };

it('tells uploads apart by file and options', () => {
  const print = fingerprint(FILE, 4, OPTIONS);
  expect(fingerprint({ ...FILE }, 4, { debug: false, max_poses: 3, confidence: 0.4 })).toBe(print);
  const others = [
    fingerprint({ ...FILE, name: 'b.mp4' }, 4, OPTIONS),
    fingerprint({ ...FILE, size: 6 }, 4, OPTIONS),
    fingerprint({ ...FILE, lastModified: 8 }, 4, OPTIONS),
    fingerprint(FILE, 5, OPTIONS),
    fingerprint(FILE, 4, { ...OPTIONS, debug: true }),
  ];
  expect(new Set([print, ...others]).size).toBe(6);
});

it('remembers over pages, forgets on request, and keeps the newest twenty', () => {
  const shelf = shelfOfThisPage();
  const memory = new UploadMemory(shelf);
  for (let n = 0; n < 25; n += 1) memory.keep(`print-${n}`, `id-${n}`);
  memory.keep('print-24', 'other');
  const later = new UploadMemory(shelf);
  expect([later.find('print-4'), later.find('print-5'), later.find('print-24')]).toEqual([undefined, 'id-5', 'other']);
  later.forget('print-24');
  expect(memory.find('print-24')).toBeUndefined();
});

it('works with a storage that is forbidden, full, or holds something else', () => {
  const refuse = () => {
    throw new DOMException('no', 'SecurityError');
  };
  const forbidden = new UploadMemory({ getItem: refuse, setItem: refuse });
  forbidden.keep('a', 'b');
  expect(forbidden.find('a')).toBeUndefined();
  for (const text of ['{', '{}', 'null', '[1,["a"],["a",2]]']) {
    expect(new UploadMemory({ getItem: () => text, setItem: refuse }).find('a')).toBeUndefined();
  }
});
