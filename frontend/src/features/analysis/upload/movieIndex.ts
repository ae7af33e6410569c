import type { ChunkRange } from '../../../api/wire';

/** Reads bytes of the file; fewer than asked for at its end. */
export type ReadAt = (offset: number, length: number) => Promise<Uint8Array>;

const MOST_BOXES = 64;

/**
 * An MP4 or MOV whose index (`moov`) comes after its media data (`mdat`), as phones write them, cannot be decoded
 * before the index is there. Gives the chunks to send first so that the analysis begins during the upload:
 * the first one and those of the index. Empty where the order of the file is good already.
 */
export async function urgentChunks(read: ReadAt, fileBytes: number, chunkBytes: number): Promise<ChunkRange[]> {
  let offset = 0;
  let mediaSeen = false;
  for (let count = 0; count < MOST_BOXES && offset + 8 <= fileBytes; count += 1) {
    const box = parseBox(await read(offset, 16), fileBytes - offset);
    if (box === undefined) return [];
    if (count === 0 && box.type !== 'ftyp' && box.type !== 'wide' && box.type !== 'mdat') return [];
    if (box.type === 'moov') {
      if (!mediaSeen) return [];
      const end = Math.min(offset + box.bytes, fileBytes) - 1;
      return [
        [0, 0],
        [Math.floor(offset / chunkBytes), Math.floor(end / chunkBytes)],
      ];
    }
    mediaSeen ||= box.type === 'mdat';
    offset += box.bytes;
  }
  return [];
}

interface Box {
  type: string;
  /** Header included. */
  bytes: number;
}

/** ISO/IEC 14496-12, 4.2: size and type; size 1 means a 64-bit size follows, 0 means to the end of the file. */
function parseBox(head: Uint8Array, bytesLeft: number): Box | undefined {
  if (head.length < 8) return undefined;
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  const type = String.fromCharCode(...head.slice(4, 8));
  if (!/^[\x20-\x7e\xa9]{4}$/.test(type)) return undefined;
  const size = view.getUint32(0);
  if (size === 0) return { type, bytes: bytesLeft };
  if (size !== 1) return size < 8 ? undefined : { type, bytes: size };
  if (head.length < 16) return undefined;
  const large = Number(view.getBigUint64(8));
  return large < 16 ? undefined : { type, bytes: large };
}
