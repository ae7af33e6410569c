import { EventParser, type ServerEvent } from './eventParser';
import { followEvents, isEventStream, readEvents, refusalOf, Watchdog, type FollowSettings } from './eventFollower';
import type { PostForm } from './postForm';
import { CONNECTION_LOST, networkProblem, Problem, problemFromAnswer } from './problem';
import { parseAnalysisEvent, parseUploadState, parseWant, type AnalysisEvent, type AnalysisOptions, type ChunkRange, type UploadState } from './wire';

export interface Chunk {
  session_id: string;
  chunk_index: number;
  total_chunks: number;
  chunk_size: number;
  file_size: number;
  filename: string;
  /** With its dot, in lower case. */
  ext: string;
  bytes: Blob;
}

/** Says whether this was the analysis's last word. */
export type AnalysisListener = (event: AnalysisEvent) => 'more' | 'done';

/** The server's endpoints. Every failure is a Problem, except that an aborted signal throws its reason. */
export class Client {
  readonly #base: string;
  readonly #postForm: PostForm;

  constructor(base: string, postForm: PostForm) {
    this.#base = base;
    this.#postForm = postForm;
  }

  /** Sends one chunk, once. Gives the ranges the server would like next. */
  async sendChunk(chunk: Chunk, options: AnalysisOptions, signal: AbortSignal, onSent: (bytes: number) => void): Promise<ChunkRange[]> {
    const { bytes, ...fields } = chunk;
    const form = formOf({ ...fields, ...options });
    form.append('file', bytes, chunk.filename);
    const answer = await orNetworkProblem(signal, this.#postForm(`${this.#base}/api/upload-chunk`, form, { signal, onSent }));
    if (answer.status < 200 || answer.status > 299) throw problemFromAnswer(answer, new Date());
    return parseWant(answer.body);
  }

  /** What the server has of an upload; undefined where it knows none of this name. */
  async uploadState(sessionId: string, signal: AbortSignal): Promise<UploadState | undefined> {
    const request = fetch(`${this.#base}/api/uploads/${sessionId}`, { cache: 'no-store', signal });
    const answer = await orNetworkProblem(signal, request);
    if (answer.ok) return parseUploadState(await orNetworkProblem(signal, answer.text()));
    const refusal = await refusalOf(answer);
    if (refusal.passing) throw refusal;
    return undefined;
  }

  /** Follows the progress of a session over lost connections until the listener is done. */
  followProgress(
    sessionId: string,
    listener: AnalysisListener,
    settings: FollowSettings,
    signal: AbortSignal,
    onLost: (restarting: boolean) => void,
  ): Promise<void> {
    const open = (lastEventId: string, attempt: AbortSignal) =>
      fetch(`${this.#base}/api/stream-progress/${sessionId}`, {
        headers: { accept: 'text/event-stream', ...(lastEventId && { 'last-event-id': lastEventId }) },
        cache: 'no-store',
        signal: attempt,
      });
    return followEvents(open, analysisOnly(listener), settings, signal, onLost);
  }

  /** Uploads a small file in one request, whose answer is its progress. It has no session to come back to. */
  async analyzeStream(
    file: File,
    options: AnalysisOptions,
    listener: AnalysisListener,
    settings: FollowSettings,
    signal: AbortSignal,
    onAnswer: () => void,
  ): Promise<void> {
    const form = formOf({ ...options });
    form.append('file', file, file.name);
    const silence = new Watchdog(settings.silenceMs, signal);
    try {
      const request = fetch(`${this.#base}/api/analyze-stream`, { method: 'POST', body: form, signal: silence.signal });
      const answer = await orNetworkProblem(signal, request);
      if (!answer.ok || !isEventStream(answer)) throw await refusalOf(answer);
      onAnswer();
      const ended = await readEvents(answer, new EventParser(), analysisOnly(listener), silence).catch(() => false);
      signal.throwIfAborted();
      if (!ended) {
        throw new Problem(CONNECTION_LOST, 'The connection to the server was lost before the result arrived. Try again.');
      }
    } finally {
      silence.stop();
    }
  }

  /** Stops a session and removes its files. Outlives the page that asks for it. */
  async deleteSession(sessionId: string): Promise<void> {
    await fetch(`${this.#base}/api/sessions/${sessionId}`, { method: 'DELETE', keepalive: true });
  }
}

function formOf(fields: Record<string, string | number | boolean>): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, String(value));
  return form;
}

function analysisOnly(listener: AnalysisListener): (event: ServerEvent) => 'more' | 'done' {
  return ({ type, data }) => {
    const event = parseAnalysisEvent(type, data);
    return event === undefined ? 'more' : listener(event);
  };
}

async function orNetworkProblem<T>(signal: AbortSignal, request: Promise<T>): Promise<T> {
  try {
    return await request;
  } catch {
    signal.throwIfAborted();
    throw networkProblem();
  }
}
