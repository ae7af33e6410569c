import { describe, expect, it } from 'vitest';
import { urgentChunks } from './movieIndex';

function box(type: string, bytes: number): Uint8Array {
  const out = new Uint8Array(bytes);
  new DataView(out.buffer).setUint32(0, bytes);
  out.set(new TextEncoder().encode(type), 4);
  return out;
}

function urgent(boxes: Uint8Array[], chunkBytes: number) {
  const file = new Uint8Array(boxes.flatMap((part) => [...part]));
  return urgentChunks((offset, length) => Promise.resolve(file.slice(offset, offset + length)), file.length, chunkBytes);
}

describe('urgentChunks', () => {
  it('names the first chunk and those of an index at the end', async () => {
    expect(await urgent([box('ftyp', 24), box('free', 8), box('mdat', 400), box('moov', 100)], 100)).toEqual([[0, 0], [4, 5]]);
  });

  it('reads a 64-bit size', async () => {
    const media = box('mdat', 300);
    new DataView(media.buffer).setUint32(0, 1);
    new DataView(media.buffer).setBigUint64(8, 300n);
    expect(await urgent([box('ftyp', 100), media, box('moov', 50)], 100)).toEqual([[0, 0], [4, 4]]);
  });

  it('has nothing to say where the index comes first, is missing, or the file is no MP4', async () => {
    expect(await urgent([box('ftyp', 24), box('moov', 100), box('mdat', 400)], 100)).toEqual([]);
    expect(await urgent([box('ftyp', 24), box('mdat', 400)], 100)).toEqual([]);
    expect(await urgent([box('RIFF', 24), box('mdat', 400), box('moov', 50)], 100)).toEqual([]);
    expect(await urgent([Uint8Array.of(0x1a, 0x45, 0xdf, 0xa3, 1, 2, 3, 4, 5, 6)], 100)).toEqual([]);
  });

  it('stops at a size that cannot be', async () => {
    const broken = box('mdat', 20);
    new DataView(broken.buffer).setUint32(0, 3);
    expect(await urgent([box('ftyp', 24), broken, box('moov', 50)], 100)).toEqual([]);
  });

  it('takes a last box of size 0 to reach to the end', async () => {
    const last = box('moov', 150);
    new DataView(last.buffer).setUint32(0, 0);
    expect(await urgent([box('ftyp', 24), box('mdat', 176), last], 100)).toEqual([[0, 0], [2, 3]]);
  });
});
