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
  retries: 5,
  backoff: { firstMs: 1000, mostMs: 15_000 },
  longestWaitMs: 120_000,
};

export interface UploadSource {
  sessionId: string;
  file: File;
  ext: string;
  /** Chunks to send before the others. */
  urgent: readonly ChunkRange[];
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
  const queue = new ChunkQueue(total, source.urgent);
  const stop = new AbortController();
  const signal = AbortSignal.any([outer, stop.signal]);
  const ledger = new SentBytes(observer.onSent);
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

/** Bytes sent over all chunks. A repeated chunk does not take the sum back. */
class SentBytes {
  readonly #byChunk = new Map<number, number>();
  readonly #report: (bytes: number) => void;
  #sum = 0;

  constructor(report: (bytes: number) => void) {
    this.#report = report;
  }

  set(index: number, bytes: number): void {
    const before = this.#byChunk.get(index) ?? 0;
    if (bytes <= before) return;
    this.#byChunk.set(index, bytes);
    this.#sum += bytes - before;
    this.#report(this.#sum);
  }
}
