import type { AnalysisListener, Client } from '../../api/client';
import { FOLLOW_SETTINGS, type Connection, type FollowSettings } from '../../api/eventFollower';
import { CONNECTION_LOST, Problem } from '../../api/problem';
import { newSessionId } from '../../api/sessionId';
import type { AnalysisEvent, AnalysisOptions, UploadState } from '../../api/wire';
import type { AnalysisAction, Failure } from './state';
import { untilWatchable, WATCH_SETTINGS, type WatchSettings } from './playback/watchable';
import { bytesIn, UPLOAD_SETTINGS, type UploadSettings } from './upload/chunkUpload';
import { isOver, uploadFile, type Receiver } from './upload/fileUpload';
import { urgentChunks } from './upload/movieIndex';
import { withRetries } from './upload/retry';
import { fingerprint, UploadMemory } from './upload/uploadMemory';

export interface JobSettings {
  upload: UploadSettings;
  follow: FollowSettings;
  watch: WatchSettings;
  /** Smaller files go in one request. */
  wholeBelowBytes: number;
}

export const JOB_SETTINGS: JobSettings = {
  upload: UPLOAD_SETTINGS,
  follow: FOLLOW_SETTINGS,
  watch: WATCH_SETTINGS,
  wholeBelowBytes: 1024 * 1024,
};

/** How often an upload begins anew when the server has lost it. */
const MOST_BEGINNINGS = 3;

/** What is there of an upload that begins. */
const NOTHING: UploadState = { received: [], assembled: false, state: 'waiting' };

export interface JobInput {
  file: File;
  ext: string;
  options: AnalysisOptions;
}

export type Report = (action: AnalysisAction) => void;

/** One analysis from the first byte sent to its last word. Reports what happens; after `cancel`, nothing more. */
export class AnalysisJob {
  /** Settles when the job has ended, whatever its end. */
  readonly ended: Promise<void>;
  readonly #client: Client;
  readonly #settings: JobSettings;
  readonly #report: Report;
  readonly #stop = new AbortController();
  /** Aborted when the session has ended or is given up, for what only accompanies it. */
  #sessionOver = new AbortController();
  readonly #memory: UploadMemory;
  #sessionId: string | undefined;
  /** The session whose annotated video was last waited for. */
  #lookedFor: string | undefined;
  /** Under which name the upload is remembered. */
  #print: string | undefined;

  constructor(input: JobInput, client: Client, settings: JobSettings, report: Report, memory = new UploadMemory()) {
    this.#memory = memory;
    this.#client = client;
    this.#settings = settings;
    this.#report = (action) => {
      if (!this.#stop.signal.aborted) report(action);
    };
    const analyze = input.file.size < settings.wholeBelowBytes ? this.#analyzeWhole : this.#analyzeInChunks;
    this.#report({ type: 'started', file: { name: input.file.name, bytes: input.file.size }, atMs: performance.now() });
    this.ended = this.#beginAnewWhenLost(() => analyze.call(this, input)).catch((error: unknown) => {
      if (!this.#stop.signal.aborted) this.#report({ type: 'failed', failure: failureOf(error) });
      // What only the connection has ended can go on later.
      const canGoOn = !this.#stop.signal.aborted && error instanceof Problem && error.passing;
      if (canGoOn) return;
      this.#forget();
      this.#deleteSession();
    }).finally(() => this.#sessionOver.abort());
  }

  cancel(): void {
    if (this.#stop.signal.aborted) return;
    this.#report({ type: 'cancelled' });
    this.#stop.abort(new DOMException('Cancelled', 'AbortError'));
  }

  async #beginAnewWhenLost(analyze: () => Promise<void>): Promise<void> {
    for (let beginning = 1; ; beginning += 1) {
      try {
        await analyze();
        return;
      } catch (error) {
        const lost = error instanceof Problem && error.sessionGone;
        if (!lost || beginning === MOST_BEGINNINGS || this.#stop.signal.aborted) throw error;
        this.#beginAnew();
      }
    }
  }

  #beginAnew(): void {
    this.#forget();
    this.#sessionOver.abort();
    this.#sessionOver = new AbortController();
    this.#sessionId = undefined;
    this.#report({ type: 'begunAnew', atMs: performance.now() });
  }

  #forget(): void {
    if (this.#print !== undefined) this.#memory.forget(this.#print);
  }

  #deleteSession(): void {
    // Best effort: a server that is not told ends the session when it is idle.
    if (this.#sessionId !== undefined) this.#client.deleteSession(this.#sessionId).catch(() => undefined);
  }

  #hear(event: AnalysisEvent): 'more' | 'done' {
    switch (event.type) {
      case 'progress':
        this.#report({ type: 'progressed', progress: event.data });
        void this.#lookForVideo();
        return 'more';
      case 'complete':
        this.#forget();
        this.#report({ type: 'completed', result: event.data });
        return 'done';
      case 'error': {
        const problem = new Problem(event.data.code, event.data.detail, { requestId: event.data.request_id });
        if (problem.sessionGone) throw problem;
        this.#forget();
        this.#report({ type: 'failed', failure: failureOf(problem) });
        return 'done';
      }
    }
  }

  #follow(sessionId: string, listener: AnalysisListener, signal: AbortSignal): Promise<void> {
    const onConnection = (connection: Connection) => this.#report({ type: 'connected', connection });
    return this.#client.followProgress(sessionId, listener, this.#settings.follow, signal, onConnection);
  }

  /** Reports once that the annotated video can be watched. Without it the analysis is none the worse. */
  async #lookForVideo(): Promise<void> {
    const sessionId = this.#sessionId;
    if (sessionId === undefined || sessionId === this.#lookedFor) return;
    this.#lookedFor = sessionId;
    const signal = AbortSignal.any([this.#sessionOver.signal, this.#stop.signal]);
    try {
      const playlistUrl = await untilWatchable(this.#client, sessionId, this.#settings.watch, signal);
      if (playlistUrl !== undefined) this.#report({ type: 'watchable', playlistUrl });
    } catch (error) {
      // Thrown where the session has ended, and where the page is at fault.
      if (!signal.aborted) console.error(error);
    }
  }

  async #analyzeWhole({ file, options }: JobInput): Promise<void> {
    const { signal } = this.#stop;
    const listener = (event: AnalysisEvent) => this.#hear(event);
    const onAnswer = (sessionId: string | undefined) => {
      this.#sessionId = sessionId;
      this.#report({ type: 'uploaded' });
    };
    if (await this.#client.analyzeStream(file, options, listener, this.#settings.follow, signal, onAnswer)) return;
    if (this.#sessionId === undefined) {
      throw new Problem(CONNECTION_LOST, 'The connection to the server was lost before the result arrived. Try again.');
    }
    this.#report({ type: 'connected', connection: 'lost' });
    await this.#follow(this.#sessionId, listener, signal);
  }

  /** The session that an earlier upload of the file has left, with what is there; else a new one. */
  async #session(print: string, fileBytes: number): Promise<{ sessionId: string; there: UploadState }> {
    const known = this.#memory.find(print);
    if (known === undefined) return { sessionId: newSessionId(), there: NOTHING };
    const ask = (limited: AbortSignal) => this.#client.uploadState(known, limited);
    const there = await withRetries(this.#settings.upload, this.#stop.signal, ask, (problem) => this.#hold(problem));
    // What has failed is not taken up again.
    if (isOver(there)) return { sessionId: newSessionId(), there: NOTHING };
    const bytes = bytesIn(there.received, fileBytes, this.#settings.upload.chunkBytes);
    this.#report({ type: 'resumed', bytes, atMs: performance.now() });
    return { sessionId: known, there };
  }

  #hold(problem: Problem): void {
    this.#report({ type: 'held', by: failureOf(problem) });
  }

  async #analyzeInChunks({ file, ext, options }: JobInput): Promise<void> {
    const print = (this.#print = fingerprint(file, this.#settings.upload.chunkBytes, options));
    const { sessionId, there } = await this.#session(print, file.size);
    const { received } = there;
    this.#sessionId = sessionId;
    const either = new AbortController();
    const signal = AbortSignal.any([this.#stop.signal, either.signal]);
    let chunksTaken = received.length;
    let ended = false;

    const follow = async () => {
      const listener = (event: AnalysisEvent) => {
        // The server waits some seconds for the session's first chunk. On a slow link that is too short; ask again.
        if (chunksTaken === 0 && event.type === 'error' && event.data.code === 'SESSION_NOT_FOUND') return 'more';
        return this.#hear(event);
      };
      await this.#follow(sessionId, listener, signal);
      ended = true;
      either.abort();
    };

    const upload = async () => {
      const { chunkBytes } = this.#settings.upload;
      const readAt = async (offset: number, length: number) =>
        new Uint8Array(await file.slice(offset, offset + length).arrayBuffer());
      // A file that cannot be read fails in the upload, with words for it.
      const urgent = await urgentChunks(readAt, file.size, chunkBytes).catch(() => []);
      const observer = {
        onSent: (bytes: number) => this.#report({ type: 'sent', bytes, atMs: performance.now() }),
        onChunkTaken: () => {
          // Before the first one there is nothing to go on with.
          if (chunksTaken === 0) this.#memory.keep(print, sessionId);
          chunksTaken += 1;
        },
        onHeld: (problem: Problem) => this.#hold(problem),
      };
      const receiver: Receiver = {
        send: (chunk, limited, onSent) => this.#client.sendChunk(chunk, options, limited, onSent),
        state: (limited) => this.#client.uploadState(sessionId, limited),
      };
      try {
        if (!there.assembled) {
          await uploadFile({ sessionId, file, ext, urgent, received }, receiver, this.#settings.upload, observer, signal);
        }
        this.#report({ type: 'uploaded' });
      } catch (error) {
        // The analysis has said its last word: what is left of the upload is of no use.
        if (!ended) throw error;
      }
    };

    try {
      await Promise.all([follow(), upload()]);
    } catch (error) {
      either.abort();
      throw error;
    }
  }
}

function failureOf(error: unknown): Failure {
  if (error instanceof Problem) {
    return { sentence: error.message, code: error.code, ...(error.requestId !== undefined && { requestId: error.requestId }) };
  }
  console.error(error);
  return { sentence: 'Something went wrong in this page. Reload it and try again.', code: 'CLIENT_ERROR' };
}
