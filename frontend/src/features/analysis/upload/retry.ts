import { backoffMs, type Backoff } from '../../../api/backoff';
import { pause } from '../../../api/pause';
import { CHUNK_TIMEOUT, Problem } from '../../../api/problem';

export interface RetrySettings {
  /** For one attempt. */
  timeoutMs: number;
  /** After the first attempt. */
  retries: number;
  backoff: Backoff;
  /** A server that asks to wait for longer than this has said no. */
  longestWaitMs: number;
}

/** Attempts until one succeeds or fails for good. `onHeld` hears of each one that is made again. */
export async function withRetries<T>(
  settings: RetrySettings,
  signal: AbortSignal,
  attempt: (signal: AbortSignal) => Promise<T>,
  onHeld: (problem: Problem) => void,
): Promise<T> {
  for (let failures = 0; ; failures += 1) {
    try {
      return await withTimeout(settings.timeoutMs, signal, attempt);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof Problem) || !error.passing || failures >= settings.retries) throw error;
      const wait = backoffMs(failures, settings.backoff, Math.random(), error.retryAfterMs);
      if (wait > settings.longestWaitMs) throw error;
      onHeld(error);
      await pause(wait, signal);
    }
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
