import { parseJson } from './json';
import { EventParser, type ServerEvent } from './eventParser';
import { followEvents, isEventStream, readEvents, refusalOf, Watchdog, type Connection, type FollowSettings } from './eventFollower';
import { parseModel, parseModelList, type Model, type ModelList, type Task } from './models';
import type { PutBytes } from './putBytes';
import { parsePlaylist, type Playlist } from './playlist';
import { networkProblem, Problem, problemFromAnswer } from './problem';
import { parseAnalysisEvent, parseTaken, parseUploadState, type AnalysisEvent, type AnalysisOptions, type Taken, type UploadState } from './wire';

export interface Chunk {
  session_id: string;
  chunk_index: number;
  total_chunks: number;
  chunk_size: number;
  file_size: number;
  filename: string;
  /** With its dot, in lower case. */
  ext: string;
  sha256?: string;
  bytes: ArrayBuffer;
}

/** Says whether this was the analysis's last word. */
export type AnalysisListener = (event: AnalysisEvent) => 'more' | 'done';

/** The server's endpoints. Every failure is a Problem, except that an aborted signal throws its reason. */
export class Client {
  readonly #base: string;
  readonly #putBytes: PutBytes;

  constructor(base: string, putBytes: PutBytes) {
    this.#base = base;
    this.#putBytes = putBytes;
  }

  /** Sends one chunk, once. */
  async sendChunk(chunk: Chunk, options: AnalysisOptions, signal: AbortSignal, onSent: (bytes: number) => void): Promise<Taken> {
    const { bytes, session_id, chunk_index, ...fields } = chunk;
    const query = new URLSearchParams(textOf({ ...fields, ...options })).toString();
    const url = `${this.#base}/api/uploads/${session_id}/chunks/${chunk_index}?${query}`;
    const answer = await orNetworkProblem(signal, this.#putBytes(url, bytes, { signal, onSent }));
    if (answer.status < 200 || answer.status > 299) throw problemFromAnswer(answer, new Date());
    return parseTaken(answer.body);
  }

  /** What the server has of an upload. */
  async uploadState(sessionId: string, signal: AbortSignal): Promise<UploadState> {
    const request = fetch(`${this.#base}/api/uploads/${sessionId}`, { cache: 'no-store', signal });
    const answer = await orNetworkProblem(signal, request);
    const state = answer.ok ? parseUploadState(await orNetworkProblem(signal, answer.text())) : undefined;
    if (state === undefined) throw await orNetworkProblem(signal, refusalOf(answer));
    return state;
  }

  /** Where the annotated video is while it is being made. */
  playlistUrl(sessionId: string): string {
    return `${this.#base}/api/sessions/${sessionId}/hls/index.m3u8`;
  }

  async playlist(sessionId: string, signal: AbortSignal): Promise<Playlist> {
    const answer = await orNetworkProblem(signal, fetch(this.playlistUrl(sessionId), { cache: 'no-store', signal }));
    if (!answer.ok) throw await orNetworkProblem(signal, refusalOf(answer));
    return parsePlaylist(await orNetworkProblem(signal, answer.text()));
  }

  /** Follows the progress of a session over lost connections until the listener is done. */
  followProgress(
    sessionId: string,
    listener: AnalysisListener,
    settings: FollowSettings,
    signal: AbortSignal,
    onConnection: (connection: Connection) => void,
  ): Promise<void> {
    const open = (lastEventId: string, attempt: AbortSignal) =>
      fetch(`${this.#base}/api/stream-progress/${sessionId}`, {
        headers: { accept: 'text/event-stream', ...(lastEventId && { 'last-event-id': lastEventId }) },
        cache: 'no-store',
        signal: attempt,
      });
    return followEvents(open, analysisOnly(listener), settings, signal, onConnection);
  }

  /**
   * Uploads a small file in one request, whose answer is its progress. False when the answer breaks off before the
   * listener is done; the session that `onAnswer` was told, if any, can be followed then.
   */
  async analyzeStream(
    file: File,
    options: AnalysisOptions,
    listener: AnalysisListener,
    settings: FollowSettings,
    signal: AbortSignal,
    onAnswer: (sessionId: string | undefined) => void,
  ): Promise<boolean> {
    const form = new FormData();
    for (const [name, value] of textOf({ ...options })) form.append(name, value);
    form.append('file', file, file.name);
    const silence = new Watchdog(settings.silenceMs, signal);
    try {
      const request = fetch(`${this.#base}/api/analyze-stream`, { method: 'POST', body: form, signal: silence.signal });
      const answer = await orNetworkProblem(signal, request);
      if (!answer.ok || !isEventStream(answer)) throw await refusalOf(answer);
      onAnswer(answer.headers.get('x-session-id') ?? undefined);
      const ended = await readEvents(answer, new EventParser(), analysisOnly(listener), silence).catch(orFalse);
      signal.throwIfAborted();
      return ended;
    } finally {
      silence.stop();
    }
  }

  /** The models as the server's folder has them now. */
  async models(signal: AbortSignal): Promise<ModelList> {
    return parseModelList(await this.#ask('/api/models', { cache: 'no-store', signal }));
  }

  /** The model as it is then; a load takes as long as it takes. */
  async changeModel(name: string, change: 'load' | 'unload', signal: AbortSignal): Promise<Model | undefined> {
    return parseModel(await this.#ask(`/api/models/${encodeURIComponent(name)}/${change}`, { method: 'POST', signal }));
  }

  async setDefaultModel(task: Task, name: string, signal: AbortSignal): Promise<void> {
    await this.#ask('/api/models/defaults', { method: 'PUT', body: JSON.stringify({ [task]: name }), signal });
  }

  /** The JSON of a short answer. */
  async #ask(path: string, request: RequestInit & { signal: AbortSignal }): Promise<unknown> {
    const answer = await orNetworkProblem(request.signal, fetch(this.#base + path, request));
    if (!answer.ok) throw await orNetworkProblem(request.signal, refusalOf(answer));
    return parseJson(await orNetworkProblem(request.signal, answer.text()));
  }

  /** Stops a session and removes its files. Outlives the page that asks for it. */
  async deleteSession(sessionId: string): Promise<void> {
    await fetch(`${this.#base}/api/sessions/${sessionId}`, { method: 'DELETE', keepalive: true });
  }
}

function textOf(fields: Record<string, string | number | boolean | undefined>): [string, string][] {
  return Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]));
}

/** A lost connection; but what a listener throws is its own word. */
function orFalse(error: unknown): false {
  if (error instanceof Problem) throw error;
  return false;
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
