import type { Chunk } from '../../../api/client';
import { CHUNK_TIMEOUT, Problem } from '../../../api/problem';
import { sha256Hex } from '../../../api/sha256';
import type { ChunkRange, Taken } from '../../../api/wire';
import { ChunkQueue } from './chunkQueue';
import { withRetries, type RetrySettings } from './retry';

export interface UploadSettings extends RetrySettings {
  chunkBytes: number;
  parallel: number;
}

export const UPLOAD_SETTINGS: UploadSettings = {
  chunkBytes: 1024 * 1024,
  parallel: 3,
  timeoutMs: 30_000,
  // About two minutes, in which a server can be restarted.
  retries: 14,
  backoff: { firstMs: 1000, mostMs: 15_000 },
  longestWaitMs: 120_000,
};

export interface UploadSource {
  sessionId: string;
  file: File;
  ext: string;
  /** Chunks to send before the others. */
  urgent: readonly ChunkRange[];
  /** Chunks that the server has from before. */
  received: readonly ChunkRange[];
}

export type SendChunk = (chunk: Chunk, signal: AbortSignal, onSent: (bytes: number) => void) => Promise<Taken>;

export interface UploadObserver {
  onSent: (bytes: number) => void;
  onChunkTaken: () => void;
  /** An attempt failed and will be made again. */
  onHeld: (problem: Problem) => void;
}

/**
 * Sends the chunks of a file that are missing, several at once. The first failure that stays ends the whole upload and
 * is thrown. Gives whether the server has said that every chunk is there.
 */
export async function uploadChunks(
  source: UploadSource,
  send: SendChunk,
  settings: UploadSettings,
  observer: UploadObserver,
  outer: AbortSignal,
): Promise<boolean> {
  const total = Math.ceil(source.file.size / settings.chunkBytes);
  const queue = new ChunkQueue(total, source.urgent, source.received);
  const stop = new AbortController();
  const signal = AbortSignal.any([outer, stop.signal]);
  const ledger = new SentBytes(observer.onSent, bytesIn(source.received, source.file.size, settings.chunkBytes));
  let lanes = Math.min(settings.parallel, total);
  let assembled = false;

  const onHeld = (index: number, problem: Problem) => {
    // What was on its way is not there.
    ledger.set(index, 0);
    // A link too slow for this many chunks at once gets fewer.
    if (problem.code === CHUNK_TIMEOUT) lanes = Math.max(1, lanes - 1);
    observer.onHeld(problem);
  };
  const sendOne = async (index: number) => {
    const chunk = await chunkOf(source, index, total, settings.chunkBytes);
    const onSent = (bytes: number) => ledger.set(index, Math.min(bytes, chunk.bytes.byteLength));
    const taken = await withRetries(settings, signal, (limited) => send(chunk, limited, onSent), (problem) => onHeld(index, problem));
    queue.want(taken.want);
    assembled ||= taken.assembled;
    ledger.set(index, chunk.bytes.byteLength);
    observer.onChunkTaken();
  };

  const lane = async (number: number) => {
    while (number < lanes) {
      const index = queue.take();
      if (index === undefined) return;
      await sendOne(index);
    }
  };

  try {
    await Promise.all(Array.from({ length: lanes }, (_, number) => lane(number)));
  } catch (error) {
    stop.abort(error);
    throw error;
  }
  return assembled;
}

async function chunkOf(source: UploadSource, index: number, total: number, chunkBytes: number): Promise<Chunk> {
  const { file, ext, sessionId } = source;
  const slice = file.slice(index * chunkBytes, (index + 1) * chunkBytes);
  let bytes: ArrayBuffer;
  try {
    // Read here, so that a file that is gone is not taken for a network failure.
    bytes = await slice.arrayBuffer();
  } catch {
    throw new Problem('FILE_UNREADABLE', 'The file can’t be read any more. It may have been moved, changed or unplugged. Choose it again.', { status: 400 });
  }
  const sha256 = await sha256Hex(bytes);
  const fields = { session_id: sessionId, chunk_index: index, total_chunks: total, chunk_size: chunkBytes, file_size: file.size, filename: file.name, ext };
  return { ...fields, ...(sha256 !== undefined && { sha256 }), bytes };
}

/** The bytes of these chunks of a file. */
export function bytesIn(ranges: readonly ChunkRange[], fileBytes: number, chunkBytes: number): number {
  const bytesOf = ([from, to]: ChunkRange) => Math.max(0, Math.min((to + 1) * chunkBytes, fileBytes) - from * chunkBytes);
  return ranges.reduce((sum, range) => sum + bytesOf(range), 0);
}

/** Bytes sent over all chunks. */
class SentBytes {
  readonly #byChunk = new Map<number, number>();
  readonly #report: (bytes: number) => void;
  #sum: number;

  constructor(report: (bytes: number) => void, before: number) {
    this.#report = report;
    this.#sum = before;
  }

  set(index: number, bytes: number): void {
    const before = this.#byChunk.get(index) ?? 0;
    if (bytes === before) return;
    this.#byChunk.set(index, bytes);
    this.#sum += bytes - before;
    this.#report(this.#sum);
  }
}
