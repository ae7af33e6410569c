import { backoffMs, type Backoff } from '../../../api/backoff';
import type { Chunk } from '../../../api/client';
import { pause } from '../../../api/pause';
import { CHUNK_TIMEOUT, Problem } from '../../../api/problem';
import type { ChunkRange } from '../../../api/wire';
import { ChunkQueue } from './chunkQueue';

export interface UploadSettings {
  chunkBytes: number;
  parallel: number;
  /** For one attempt at one chunk. */
  timeoutMs: number;
  /** After the first attempt. */
  retries: number;
  backoff: Backoff;
  /** A server that asks to wait for longer than this has said no. */
  longestWaitMs: number;
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

export type SendChunk = (chunk: Chunk, signal: AbortSignal, onSent: (bytes: number) => void) => Promise<ChunkRange[]>;

export interface UploadObserver {
  onSent: (bytes: number) => void;
  onChunkTaken: () => void;
}

/** Sends a file in chunks, several at once. The first failure that stays ends the whole upload and is thrown. */
export async function uploadChunks(
  source: UploadSource,
  send: SendChunk,
  settings: UploadSettings,
  observer: UploadObserver,
  outer: AbortSignal,
): Promise<void> {
  const total = Math.ceil(source.file.size / settings.chunkBytes);
  const queue = new ChunkQueue(total, source.urgent, source.received);
  const stop = new AbortController();
  const signal = AbortSignal.any([outer, stop.signal]);
  const ledger = new SentBytes(observer.onSent, bytesIn(source.received, source.file.size, settings.chunkBytes));
  let lanes = Math.min(settings.parallel, total);

  const sendWithRetries = async (index: number) => {
    const chunk = await chunkOf(source, index, total, settings.chunkBytes);
    for (let attempt = 0; ; attempt += 1) {
      try {
        const onSent = (bytes: number) => ledger.set(index, Math.min(bytes, chunk.bytes.size));
        queue.want(await withTimeout(settings.timeoutMs, signal, (limited) => send(chunk, limited, onSent)));
        ledger.set(index, chunk.bytes.size);
        observer.onChunkTaken();
        return;
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof Problem) || !error.passing || attempt >= settings.retries) throw error;
        const wait = backoffMs(attempt, settings.backoff, Math.random(), error.retryAfterMs);
        if (wait > settings.longestWaitMs) throw error;
        // A link too slow for this many chunks at once gets fewer.
        if (error.code === CHUNK_TIMEOUT) lanes = Math.max(1, lanes - 1);
        await pause(wait, signal);
      }
    }
  };

  const lane = async (number: number) => {
    while (number < lanes) {
      const index = queue.take();
      if (index === undefined) return;
      await sendWithRetries(index);
    }
  };

  try {
    await Promise.all(Array.from({ length: lanes }, (_, number) => lane(number)));
  } catch (error) {
    stop.abort(error);
    throw error;
  }
}

/** Runs one attempt; when the time is over it is aborted and fails with CHUNK_TIMEOUT. */
async function withTimeout<T>(ms: number, outer: AbortSignal, attempt: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const limit = new AbortController();
  const timer = setTimeout(() => {
    const seconds = Math.round(ms / 1000);
    limit.abort(new Problem(CHUNK_TIMEOUT, `The connection is too slow: a part of the video could not be sent within ${seconds} seconds. Try again on a faster connection.`));
  }, ms);
  try {
    return await attempt(AbortSignal.any([outer, limit.signal]));
  } finally {
    clearTimeout(timer);
  }
}

async function chunkOf(source: UploadSource, index: number, total: number, chunkBytes: number): Promise<Chunk> {
  const { file, ext, sessionId } = source;
  const slice = file.slice(index * chunkBytes, (index + 1) * chunkBytes);
  let bytes: Blob;
  try {
    // Read here, so that a file that is gone is not taken for a network failure.
    bytes = new Blob([await slice.arrayBuffer()]);
  } catch {
    throw new Problem('FILE_UNREADABLE', 'The file can’t be read any more. It may have been moved, changed or unplugged. Choose it again.', { status: 400 });
  }
  return { session_id: sessionId, chunk_index: index, total_chunks: total, chunk_size: chunkBytes, file_size: file.size, filename: file.name, ext, bytes };
}

/** The bytes of these chunks of a file. */
export function bytesIn(ranges: readonly ChunkRange[], fileBytes: number, chunkBytes: number): number {
  const bytesOf = ([from, to]: ChunkRange) => Math.max(0, Math.min((to + 1) * chunkBytes, fileBytes) - from * chunkBytes);
  return ranges.reduce((sum, range) => sum + bytesOf(range), 0);
}

/** Bytes sent over all chunks. A repeated chunk does not take the sum back. */
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
    if (bytes <= before) return;
    this.#byChunk.set(index, bytes);
    this.#sum += bytes - before;
    this.#report(this.#sum);
  }
}
