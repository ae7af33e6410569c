import { describe, expect, it } from 'vitest';
import type { ProgressEvent } from '../../api/wire';
import type { Running } from './state';
import { announcement, failureTitle, frameCount, heldLine, pageTitle, percentOf, stageLine } from './words';

const file = { name: 'walk.mp4', bytes: 3000 };
function running(progress?: ProgressEvent, more: Partial<Running> = {}): Running {
  const upload = { sentBytes: 0, finished: false, samples: [] };
  return { phase: 'running', file, upload, reconnecting: false, ...(progress && { progress }), ...more };
}

describe('percentOf', () => {
  it('takes the server’s word, else counts frames, else does not know', () => {
    expect(percentOf({ frame_index: 1, total_frames: 4, percent: 40 })).toBe(40);
    expect(percentOf({ frame_index: 1, total_frames: 4 })).toBe(50);
    expect(percentOf({ frame_index: 1 })).toBeUndefined();
    expect(percentOf(undefined)).toBeUndefined();
  });
});

it('puts the percent into the title while it runs', () => {
  expect(pageTitle(running({ frame_index: 9, percent: 42.7 }))).toBe('42 % · walk.mp4 – Sightline');
  expect(pageTitle(running())).toBe('… · walk.mp4 – Sightline');
  expect(pageTitle({ phase: 'idle' })).toBe('Sightline');
});

it('announces in steps of ten', () => {
  expect(announcement(running({ frame_index: 9, percent: 42 }))).toBe(announcement(running({ frame_index: 12, percent: 49 })));
  expect(announcement(running())).toBe('Uploading and analysing.');
});

it('does not blame the video for the connection', () => {
  expect(failureTitle('NETWORK_UNREACHABLE')).toBe('The connection failed');
  expect(failureTitle('NO_FRAMES')).toBe('This video could not be analysed');
});

it('says why nothing moves, in the server’s words where it has said some', () => {
  expect(heldLine({ code: 'TOO_MANY_SESSIONS', sentence: 'All places are taken.' })).toBe('All places are taken. Trying again…');
  expect(heldLine({ code: 'NETWORK_UNREACHABLE', sentence: 'x' })).not.toContain('x');
});

it('counts frames for people', () => {
  expect(frameCount({ frame_index: 9, total_frames: 1200 })).toBe('10 of 1,200');
  expect(frameCount({ frame_index: 9 })).toBe('10');
});

it('has words for each stage, also for one it does not know', () => {
  expect(stageLine(running())).toBe('Sending the first part of the video');
  expect(stageLine(running({ frame_index: 1, stage: 'encoding' }))).toBe('Writing the annotated video');
  expect(stageLine(running({ frame_index: 1, stage: 'second_pass' }))).toBe('Second pass');
  expect(stageLine(running({ frame_index: 1 }, { reconnecting: true }))).toContain('connecting again');
  expect(stageLine(running({ frame_index: 1 }, { reconnecting: true, restarting: true }))).toContain('being restarted');
});
