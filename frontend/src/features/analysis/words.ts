import { CHUNK_TIMEOUT, CONNECTION_LOST, NETWORK_UNREACHABLE } from '../../api/problem';
import type { ProgressEvent } from '../../api/wire';
import * as format from './format';
import type { AnalysisState, Failure, Running } from './state';

const NAME = 'Sightline';

/** The title of the browser's tab: the percent first, for it is cut at the end. */
export function pageTitle(state: AnalysisState): string {
  switch (state.phase) {
    case 'idle':
      return NAME;
    case 'running': {
      const done = percentOf(state.progress);
      return `${done === undefined ? '…' : format.percent(done)} · ${state.file.name} – ${NAME}`;
    }
    case 'complete':
      return `Done · ${state.file.name} – ${NAME}`;
    case 'failed':
      return `Failed · ${state.file.name} – ${NAME}`;
    case 'cancelled':
      return `Cancelled · ${state.file.name} – ${NAME}`;
  }
}

/** What a screen reader hears: in steps of 10 %, not at each frame. */
export function announcement(state: AnalysisState): string {
  switch (state.phase) {
    case 'idle':
      return '';
    case 'running': {
      if (state.restarting === true) return 'The server is being restarted.';
      if (state.reconnecting) return 'Connection lost. Connecting again.';
      const done = percentOf(state.progress);
      if (done !== undefined) return `Analysis ${Math.floor(done / 10) * 10} percent done.`;
      return state.upload.finished ? 'Uploaded. Analysing.' : 'Uploading and analysing.';
    }
    case 'complete':
      return 'The analysis is complete.';
    case 'failed':
      return `The analysis failed. ${state.failure.sentence}`;
    case 'cancelled':
      return 'The analysis was cancelled.';
  }
}

const CONNECTION_CODES: readonly string[] = [NETWORK_UNREACHABLE, CONNECTION_LOST, CHUNK_TIMEOUT];

/** What failed, before the sentence says why: a lost connection is no fault of the video. */
export function failureTitle(code: string): string {
  return CONNECTION_CODES.includes(code) ? 'The connection failed' : 'This video could not be analysed';
}

/** On an upload that is not the first of its file. */
export const BEFORE = {
  resumed: 'Going on where the last upload stopped',
  lost: 'The server no longer has what was sent before: sending it from the beginning',
} as const;

/** Why nothing moves just now. The server's own sentence, where there was an answer. */
export function heldLine({ code, sentence }: Failure): string {
  return CONNECTION_CODES.includes(code) ? 'Connection lost or too slow – trying again…' : `${sentence} Trying again…`;
}

/** As the server says; from the frames where it does not but their number is known. */
export function percentOf(progress: ProgressEvent | undefined): number | undefined {
  if (progress === undefined) return undefined;
  if (progress.percent !== undefined) return Math.min(100, Math.max(0, progress.percent));
  const { frame_index, total_frames } = progress;
  return total_frames === undefined || total_frames <= 0 ? undefined : Math.min(100, ((frame_index + 1) / total_frames) * 100);
}

/** Frames count from 1 for people. */
export function frameCount(progress: ProgressEvent): string {
  const frame = format.count(progress.frame_index + 1);
  return progress.total_frames === undefined ? frame : `${frame} of ${format.count(progress.total_frames)}`;
}

const STAGES: Record<string, string> = {
  queued: 'Waiting for its turn',
  waiting: 'Waiting for the video',
  receiving: 'Receiving the video',
  probing: 'Reading the video’s header',
  decoding: 'Analysing frames',
  detecting: 'Analysing frames',
  analyzing: 'Analysing frames',
  analysing: 'Analysing frames',
  processing: 'Analysing frames',
  encoding: 'Writing the annotated video',
  finalizing: 'Finishing the annotated video',
  finishing: 'Finishing the annotated video',
  muxing: 'Finishing the annotated video',
  remuxing: 'Finishing the annotated video',
};

/** One line on what is going on now. */
export function stageLine(state: Running): string {
  if (state.restarting === true) return 'The server is being restarted; going on when it is back';
  if (state.reconnecting) return 'Connection lost – connecting again…';
  const { progress, upload } = state;
  if (progress === undefined) return upload.finished ? 'Looking for the first frame' : 'Sending the first part of the video';
  if (progress.stage === undefined) return 'Analysing frames';
  const known = STAGES[progress.stage.toLowerCase()];
  if (known !== undefined) return known;
  const plain = progress.stage.replaceAll('_', ' ');
  return plain.charAt(0).toUpperCase() + plain.slice(1);
}
