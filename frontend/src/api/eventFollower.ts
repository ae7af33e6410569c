import { backoffMs } from './backoff';
import { EventParser, type ServerEvent } from './eventParser';
import { pause } from './pause';
import { networkProblem, Problem, problemFromAnswer } from './problem';

export interface FollowSettings {
  /** The pause before a reconnection until the server names one with `retry`. */
  retryMs: number;
  /** Reconnections in a row that bring no event before the follower gives up. */
  maxAttempts: number;
  /** The server is never silent for longer than 15 s: after this long the connection is dead. */
  silenceMs: number;
}

/** About two minutes, in which a server can be restarted. */
export const FOLLOW_SETTINGS: FollowSettings = { retryMs: 2000, maxAttempts: 13, silenceMs: 45_000 };

/** How the server is reached; told where it changes. */
export type Connection = 'open' | 'lost' | 'restarting';

/** Says whether the stream has said its last word. */
export type Listener = (event: ServerEvent) => 'more' | 'done';

/** Reads one answer to its end. True when the listener was done, false when the stream just stopped. */
export async function readEvents(
  answer: Response,
  parser: EventParser,
  listener: Listener,
  silence: Watchdog,
): Promise<boolean> {
  if (answer.body === null) return false;
  const reader = answer.body.getReader();
  try {
    for (;;) {
      silence.restart();
      const { done, value } = await reader.read();
      if (done) return false;
      for (const event of parser.feed(value)) {
        if (listener(event) === 'done') return true;
      }
    }
  } finally {
    silence.stop();
    // Rejects when the connection is gone already, which is what is wanted.
    reader.cancel().catch(() => undefined);
  }
}

/**
 * Follows a stream until the listener is done: reconnects with `Last-Event-ID` after the pause the server asks for.
 * Throws the signal's reason, the server's refusal, or a Problem when the server stays away.
 */
export async function followEvents(
  open: (lastEventId: string, signal: AbortSignal) => Promise<Response>,
  listener: Listener,
  settings: FollowSettings,
  signal: AbortSignal,
  onConnection: (connection: Connection) => void = () => undefined,
): Promise<void> {
  let lastEventId = '';
  let retryMs = settings.retryMs;
  let failures = 0;
  for (;;) {
    const parser = new EventParser();
    const silence = new Watchdog(settings.silenceMs, signal);
    let refusal: Problem | undefined;
    let ending: Connection = 'lost';
    try {
      const answer = await open(lastEventId, silence.signal);
      if (answer.ok && isEventStream(answer)) {
        // It may be long until there is something new to tell.
        onConnection('open');
        const heard: Listener = (event) => {
          failures = 0;
          // The server says good-bye: the stream ends, the analysis does not.
          if (event.type === 'retry') ending = 'restarting';
          return listener(event);
        };
        if (await readEvents(answer, parser, heard, silence)) return;
      } else {
        refusal = await refusalOf(answer);
      }
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof Problem) throw error;
    } finally {
      silence.stop();
    }
    signal.throwIfAborted();
    if (refusal?.passing === false) throw refusal;
    lastEventId = parser.lastEventId || lastEventId;
    retryMs = parser.retryMs ?? retryMs;
    if (failures >= settings.maxAttempts) throw refusal ?? networkProblem();
    onConnection(ending);
    await pause(backoffMs(failures, { firstMs: retryMs, mostMs: 15_000 }, Math.random(), refusal?.retryAfterMs), signal);
    failures += 1;
  }
}

export function isEventStream(answer: Response): boolean {
  return answer.headers.get('content-type')?.startsWith('text/event-stream') === true;
}

export async function refusalOf(answer: Response): Promise<Problem> {
  if (answer.ok) {
    return new Problem('UNEXPECTED_ANSWER', 'The server’s answer is not the expected one. Is another program behind this address?', {
      status: 501,
    });
  }
  const body = await answer.text();
  return problemFromAnswer({ status: answer.status, body, retryAfter: answer.headers.get('retry-after') }, new Date());
}

/** A signal that is aborted with another one, or when nothing has restarted it for some time. */
export class Watchdog {
  readonly signal: AbortSignal;
  readonly #bite = new AbortController();
  readonly #ms: number;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(ms: number, outer: AbortSignal) {
    this.#ms = ms;
    this.signal = AbortSignal.any([outer, this.#bite.signal]);
    this.restart();
  }

  restart(): void {
    this.stop();
    this.#timer = setTimeout(() => this.#bite.abort(new DOMException('No sign of life', 'TimeoutError')), this.#ms);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
