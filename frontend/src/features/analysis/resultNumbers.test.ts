import { expect, it } from 'vitest';
import type { CompleteEvent } from '../../api/wire';
import { classCounts, resultNumbers } from './resultNumbers';

const result: CompleteEvent = {
  download_url: '/uploads/results/0123456789ab.mp4', fps: 25, total_frames: 1200, duration_seconds: 48, width: 1280, height: 720,
  detection_summary: {}, frames_with_pose: 300, processing_time_seconds: 20, warnings: [],
};
const value = (name: string, of: CompleteEvent) => resultNumbers(of).find((row) => row.name === name)?.value;

it('writes the numbers', () => {
  expect(value('Frames', result)).toBe('1,200');
  expect(value('Frames with a pose', result)).toBe('300 (25 %)');
  expect(value('Size', result)).toBe('1280 × 720');
  expect(value('Speed', result)).toBe('2.4× real time');
});

it('leaves out what the server did not say', () => {
  expect(resultNumbers(result).map((row) => row.name)).not.toContain('Audio');
  expect(value('Audio', { ...result, audio: 'copied' })).toBe('kept as it was');
  expect(value('Frame rate', { ...result, variable_frame_rate: true })).toBe('25 fps, variable');
});

it('sorts classes by count and sums up the tail', () => {
  const summary = Object.fromEntries('abcdefghij'.split('').map((label, index) => [label, index]));
  const counts = classCounts(summary);
  expect(counts[0]).toEqual({ label: 'j', count: 9, share: 1 });
  expect(counts).toHaveLength(9);
  expect(counts.at(-1)).toMatchObject({ label: '1 more', count: 1 });
  expect(classCounts({})).toEqual([]);
});
