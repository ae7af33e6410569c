/** What went wrong, as the user reads it: a sentence, and a stable code for whoever helps them. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly code: string;
  /** The HTTP status; absent where no answer came. */
  readonly status: number | undefined;
  /** How long the server asks to wait, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** By which the operator finds what went wrong in the server's log. */
  readonly requestId: string | undefined;

  constructor(code: string, detail: string, from: Partial<Pick<Problem, 'status' | 'retryAfterMs' | 'requestId'>> = {}) {
    super(detail);
    this.code = code;
    this.status = from.status;
    this.retryAfterMs = from.retryAfterMs;
    this.requestId = from.requestId;
  }

  /** No answer, too late an answer, or one that says "later": the same request may succeed. So may a chunk that was damaged on its way. */
  get passing(): boolean {
    const { status, code } = this;
    return code === 'CHECKSUM_MISMATCH' || status === undefined || status === 408 || status === 429 || (status >= 500 && status !== 501 && status !== 507);
  }

  /** The server does not have the session, or not any more. */
  get sessionGone(): boolean {
    return this.status === 410 || GONE.includes(this.code);
  }
}

/** A server that has lost or ended a session says so in an answer or in an event. */
const GONE: readonly string[] = ['SESSION_NOT_FOUND', 'SESSION_LOST', 'SESSION_EXPIRED'];

export const NETWORK_UNREACHABLE = 'NETWORK_UNREACHABLE';

export const CONNECTION_LOST = 'CONNECTION_LOST';
export const CHUNK_TIMEOUT = 'CHUNK_TIMEOUT';

export function networkProblem(): Problem {
  return new Problem(
    NETWORK_UNREACHABLE,
    'The server can’t be reached. Check that you are online and that the server is running, then try again.',
  );
}

/** An answer that is not a success, whatever its body is. */
export function problemFromAnswer(answer: { status: number; body: string; retryAfter: string | null }, now: Date): Problem {
  const retryAfterMs = parseRetryAfter(answer.retryAfter, now);
  const body = parseObject(answer.body);
  // RFC 9457's name for this one occurrence of a problem.
  const requestId = /^\/requests\/(.+)$/.exec(text(body?.['instance']) ?? '')?.[1];
  const from = { status: answer.status, retryAfterMs, requestId };
  const code = text(body?.['code']) ?? `HTTP_${answer.status}`;
  const detail = text(body?.['detail']) ?? text(body?.['title']) ?? sentenceFor(answer.status);
  return new Problem(code, detail, from);
}

/** `Retry-After` is whole seconds or a date (RFC 9110, 10.2.3). */
export function parseRetryAfter(value: string | null, now: Date): number | undefined {
  if (value === null) return undefined;
  if (/^\s*\d+\s*$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now.getTime());
}

/** For an answer that is no problem+json, as a proxy in front of the server sends it. */
function sentenceFor(status: number): string {
  if (status === 413) return 'The server, or a proxy in front of it, refuses a request of this size.';
  if (status === 404) return 'The server does not know this address. It may be another version than this page.';
  if (status === 502 || status === 503 || status === 504) return 'The server is not available right now. Try again in a moment.';
  return `The server answered with an error (${status}).`;
}

function parseObject(body: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
