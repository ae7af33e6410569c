import type { Client } from '../../api/client';
import { FOLLOW_SETTINGS, type FollowSettings } from '../../api/eventFollower';
import { Problem } from '../../api/problem';
import { newSessionId } from '../../api/sessionId';
import type { AnalysisEvent, AnalysisOptions, ChunkRange } from '../../api/wire';
import type { AnalysisAction, Failure } from './state';
import { bytesIn, UPLOAD_SETTINGS, uploadChunks, type UploadSettings } from './upload/chunkUpload';
import { urgentChunks } from './upload/movieIndex';
import { fingerprint, UploadMemory } from './upload/uploadMemory';

export interface JobSettings {
  upload: UploadSettings;
  follow: FollowSettings;
  /** Smaller files go in one request. */
  wholeBelowBytes: number;
}

export const JOB_SETTINGS: JobSettings = { upload: UPLOAD_SETTINGS, follow: FOLLOW_SETTINGS, wholeBelowBytes: 1024 * 1024 };

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
  readonly #memory: UploadMemory;
  #sessionId: string | undefined;
  /** Under which name the upload is remembered. */
  #print: string | undefined;

  constructor(input: JobInput, client: Client, settings: JobSettings, report: Report, memory = new UploadMemory()) {
    this.#memory = memory;
    this.#client = client;
    this.#settings = settings;
    this.#report = (action) => {
      if (!this.#stop.signal.aborted) report(action);
    };
    const whole = input.file.size < settings.wholeBelowBytes;
    this.#report({ type: 'started', file: { name: input.file.name, bytes: input.file.size }, atMs: performance.now() });
    this.ended = (whole ? this.#analyzeWhole(input) : this.#analyzeInChunks(input)).catch((error: unknown) => {
      if (!this.#stop.signal.aborted) this.#report({ type: 'failed', failure: failureOf(error) });
      // What only the connection has ended can go on later.
      const canGoOn = !this.#stop.signal.aborted && error instanceof Problem && error.passing;
      if (canGoOn) return;
      this.#forget();
      this.#deleteSession();
    });
  }

  cancel(): void {
    if (this.#stop.signal.aborted) return;
    this.#report({ type: 'cancelled' });
    this.#stop.abort(new DOMException('Cancelled', 'AbortError'));
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
        return 'more';
      case 'complete':
        this.#forget();
        this.#report({ type: 'completed', result: event.data });
        return 'done';
      case 'error':
        this.#forget();
        this.#report({ type: 'failed', failure: { sentence: event.data.detail, code: event.data.code } });
        return 'done';
    }
  }

  #analyzeWhole({ file, options }: JobInput): Promise<void> {
    const { signal } = this.#stop;
    return this.#client.analyzeStream(file, options, (event) => this.#hear(event), this.#settings.follow, signal, () =>
      this.#report({ type: 'uploaded' }),
    );
  }

  /** The session that an earlier upload of the file has left, with what is there; else a new one. */
  async #session(print: string, fileBytes: number): Promise<{ sessionId: string; received: ChunkRange[] }> {
    const known = this.#memory.find(print);
    const there = known === undefined ? undefined : await this.#client.uploadState(known, this.#stop.signal);
    if (known === undefined || there === undefined || there.state === 'failed' || there.state === 'cancelled') {
      return { sessionId: newSessionId(), received: [] };
    }
    const bytes = bytesIn(there.received, fileBytes, this.#settings.upload.chunkBytes);
    this.#report({ type: 'resumed', bytes, atMs: performance.now() });
    return { sessionId: known, received: there.received };
  }

  async #analyzeInChunks({ file, ext, options }: JobInput): Promise<void> {
    const print = (this.#print = fingerprint(file, this.#settings.upload.chunkBytes, options));
    const { sessionId, received } = await this.#session(print, file.size);
    this.#sessionId = sessionId;
    this.#memory.keep(print, sessionId);
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
      const onLost = (restarting: boolean) => this.#report({ type: 'connectionLost', restarting });
      await this.#client.followProgress(sessionId, listener, this.#settings.follow, signal, onLost);
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
        onChunkTaken: () => (chunksTaken += 1),
      };
      const send = (...[chunk, limit, onSent]: Parameters<Parameters<typeof uploadChunks>[1]>) =>
        this.#client.sendChunk(chunk, options, limit, onSent);
      try {
        await uploadChunks({ sessionId, file, ext, urgent, received }, send, this.#settings.upload, observer, signal);
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
  if (error instanceof Problem) return { sentence: error.message, code: error.code };
  console.error(error);
  return { sentence: 'Something went wrong in this page. Reload it and try again.', code: 'CLIENT_ERROR' };
}
