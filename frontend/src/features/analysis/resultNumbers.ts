import type { CompleteEvent } from '../../api/wire';
import * as format from './format';

export interface NamedNumber {
  name: string;
  value: string;
}

const AUDIO: Record<string, string> = { copied: 'kept as it was', transcoded: 'converted', none: 'none' };

/** The result's numbers in the order they are read; what the server did not say is left out. */
export function resultNumbers(result: CompleteEvent): NamedNumber[] {
  const { duration_seconds, processing_time_seconds, total_frames } = result;
  const vsRealTime = format.speed(duration_seconds, processing_time_seconds);
  const rows: [string, string | undefined][] = [
    ['Frames', format.count(total_frames)],
    ['Frames with a pose', shareOf(result.frames_with_pose, total_frames)],
    ['Tracks', result.tracks === undefined ? undefined : format.count(result.tracks)],
    ['Duration', format.duration(duration_seconds)],
    ['Frame rate', `${format.frameRate(result.fps)}${result.variable_frame_rate === true ? ', variable' : ''}`],
    ['Size', result.width > 0 ? `${result.width} × ${result.height}` : undefined],
    ['Rotated by', result.rotation === undefined || result.rotation === 0 ? undefined : `${result.rotation}°`],
    ['Audio', result.audio === undefined ? undefined : (AUDIO[result.audio] ?? result.audio)],
    ['Time taken', format.duration(processing_time_seconds)],
    ['Speed', vsRealTime === undefined ? undefined : `${vsRealTime} real time`],
  ];
  return rows.flatMap(([name, value]) => (value === undefined ? [] : [{ name, value }]));
}

function shareOf(part: number, total: number): string {
  return total > 0 && part > 0 ? `${format.count(part)} (${format.percent((part / total) * 100)})` : format.count(part);
}

export interface ClassCount {
  label: string;
  count: number;
  /** Of the largest count, 0..1. */
  share: number;
}

const MOST_CLASSES = 8;

/** The largest classes first; what does not fit is summed up. */
export function classCounts(summary: Record<string, number>): ClassCount[] {
  const sorted = Object.entries(summary)
    .filter(([, count]) => count > 0)
    .sort(([a, m], [b, n]) => n - m || a.localeCompare(b));
  const rest = sorted.slice(MOST_CLASSES);
  const most = sorted[0]?.[1] ?? 1;
  const shown = sorted.slice(0, MOST_CLASSES).map(([label, count]) => ({ label, count, share: count / most }));
  if (rest.length === 0) return shown;
  const count = rest.reduce((sum, [, n]) => sum + n, 0);
  return [...shown, { label: `${rest.length} more`, count, share: Math.min(1, count / most) }];
}
