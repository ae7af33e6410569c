export interface Backoff {
  firstMs: number;
  mostMs: number;
}

/**
 * Exponential backoff with full jitter over the upper half: `attempt` 0 waits firstMs/2..firstMs, each next one
 * twice as long, up to mostMs. What the server asks for (`Retry-After`) is the least it waits; the jitter comes on top,
 * so that many clients do not come back in the same moment.
 */
export function backoffMs(attempt: number, backoff: Backoff, random: number, retryAfterMs?: number): number {
  const ceiling = Math.min(backoff.mostMs, backoff.firstMs * 2 ** attempt);
  const jittered = ceiling / 2 + (ceiling / 2) * random;
  return retryAfterMs === undefined ? jittered : retryAfterMs + (backoff.firstMs / 2) * random;
}
