import type { Connection } from '../../api/eventFollower';
import type { CompleteEvent, ProgressEvent } from '../../api/wire';
import { addSample, type Sample } from './transferRate';

export interface Failure {
  /** For the user, as it is shown. */
  sentence: string;
  code: string;
  /** By which the operator finds it in the server's log. */
  requestId?: string;
}

export interface FileSummary {
  name: string;
  bytes: number;
}

export interface Upload {
  sentBytes: number;
  finished: boolean;
  /** Some of it was there from an earlier upload; or there was, and the server no longer has it. */
  before?: 'resumed' | 'lost';
  /** Why an attempt to send was made again; absent once bytes move. */
  held?: Failure | undefined;
  /** For the rate. */
  samples: readonly Sample[];
}

export interface Running {
  phase: 'running';
  file: FileSummary;
  upload: Upload;
  /** The newest event; absent before the first frame. */
  progress?: ProgressEvent;
  /** The newest picture, which an event without one leaves in its place. */
  preview?: string;
  /** Where the annotated video can be watched while it is being made; absent until there is enough of it. */
  playlistUrl?: string;
  /** The progress connection was lost and is being opened again. */
  reconnecting: boolean;
  /** It was lost because the server is being restarted. */
  restarting?: boolean;
}

export interface Complete {
  phase: 'complete';
  file: FileSummary;
  result: CompleteEvent;
  preview?: string;
}

export type AnalysisState =
  | { phase: 'idle'; refusal?: Failure }
  | Running
  | Complete
  | { phase: 'failed'; file: FileSummary; failure: Failure }
  | { phase: 'cancelled'; file: FileSummary };

export type AnalysisAction =
  | { type: 'refused'; refusal: Failure }
  | { type: 'started'; file: FileSummary; atMs: number }
  | { type: 'sent'; bytes: number; atMs: number }
  | { type: 'resumed'; bytes: number; atMs: number }
  | { type: 'begunAnew'; atMs: number }
  | { type: 'held'; by: Failure }
  | { type: 'uploaded' }
  | { type: 'progressed'; progress: ProgressEvent }
  | { type: 'watchable'; playlistUrl: string }
  | { type: 'connected'; connection: Connection }
  | { type: 'completed'; result: CompleteEvent }
  | { type: 'failed'; failure: Failure }
  | { type: 'cancelled' }
  | { type: 'reset' };

export const IDLE: AnalysisState = { phase: 'idle' };

export function reduce(state: AnalysisState, action: AnalysisAction): AnalysisState {
  switch (action.type) {
    case 'reset':
      return IDLE;
    case 'refused':
      return state.phase === 'running' ? state : { phase: 'idle', refusal: action.refusal };
    case 'started':
      return { phase: 'running', file: action.file, upload: uploadFrom(0, action.atMs), reconnecting: false };
    default:
      // Everything else is news of a running analysis; what comes after its end is late and means nothing.
      return state.phase === 'running' ? advance(state, action) : state;
  }
}

/** The rate counts from here: bytes that were there before were not sent now. */
function uploadFrom(bytes: number, atMs: number): Upload {
  return { sentBytes: bytes, finished: false, samples: [{ atMs, bytes }] };
}

type Advance = Exclude<AnalysisAction, { type: 'reset' | 'refused' | 'started' }>;

function advance(state: Running, action: Advance): AnalysisState {
  const { file, upload, preview } = state;
  switch (action.type) {
    case 'sent': {
      const sample = { atMs: action.atMs, bytes: action.bytes };
      return { ...state, upload: { ...upload, held: undefined, sentBytes: action.bytes, samples: addSample(upload.samples, sample) } };
    }
    case 'resumed':
      return { ...state, upload: { ...uploadFrom(action.bytes, action.atMs), before: 'resumed' } };
    case 'begunAnew':
      return {
        phase: 'running',
        file,
        upload: { ...uploadFrom(0, action.atMs), before: 'lost' },
        reconnecting: false,
        ...(preview !== undefined && { preview }),
      };
    case 'held':
      return { ...state, upload: { ...upload, held: action.by } };
    case 'uploaded':
      return { ...state, upload: { ...upload, held: undefined, sentBytes: file.bytes, finished: true } };
    case 'progressed': {
      const newest = action.progress.preview ?? preview;
      return { ...state, progress: action.progress, reconnecting: false, restarting: false, ...(newest !== undefined && { preview: newest }) };
    }
    case 'watchable':
      return { ...state, playlistUrl: action.playlistUrl };
    case 'connected': {
      const reconnecting = action.connection !== 'open';
      // A server that said it would be back is away until it is back.
      return { ...state, reconnecting, restarting: action.connection === 'restarting' || (reconnecting && state.restarting === true) };
    }
    case 'completed':
      return { phase: 'complete', file, result: action.result, ...(preview !== undefined && { preview }) };
    case 'failed':
      return { phase: 'failed', file, failure: action.failure };
    case 'cancelled':
      return { phase: 'cancelled', file };
  }
}
