import { describe, expect, it } from 'vitest';
import type { CompleteEvent } from '../../api/wire';
import { IDLE, reduce, type AnalysisAction, type AnalysisState } from './state';

const file = { name: 'walk.mp4', bytes: 3000 };
const result = { download_url: '/uploads/results/0123456789ab.mp4', total_frames: 30 } as CompleteEvent;
const after = (...actions: AnalysisAction[]) => actions.reduce<AnalysisState>(reduce, IDLE);
const started: AnalysisAction = { type: 'started', file, atMs: 0 };

describe('reduce', () => {
  it('goes from idle over running to complete', () => {
    const running = after(started, { type: 'sent', bytes: 1000, atMs: 500 }, { type: 'progressed', progress: { frame_index: 9, percent: 30, preview: 'QQ==' } });
    expect(running).toMatchObject({ phase: 'running', upload: { sentBytes: 1000, finished: false }, progress: { frame_index: 9 }, preview: 'QQ==' });
    expect(reduce(running, { type: 'uploaded' })).toMatchObject({ upload: { sentBytes: 3000, finished: true } });
    expect(reduce(running, { type: 'completed', result })).toEqual({ phase: 'complete', file, result, preview: 'QQ==' });
  });

  it('begins anew with what it was about, and holds a failure until bytes move', () => {
    const by = { code: 'TOO_MANY_SESSIONS', sentence: 'All places are taken.' };
    const held = after(started, { type: 'progressed', progress: { frame_index: 9, preview: 'QQ==' } }, { type: 'held', by });
    expect(held).toMatchObject({ upload: { held: by } });
    const anew = reduce(held, { type: 'begunAnew', atMs: 700 });
    expect(anew).toEqual({
      phase: 'running', file, preview: 'QQ==', reconnecting: false,
      upload: { sentBytes: 0, finished: false, before: 'lost', samples: [{ atMs: 700, bytes: 0 }] },
    });
    const moving = reduce(reduce(anew, { type: 'held', by }), { type: 'sent', bytes: 9, atMs: 800 });
    expect(moving).toMatchObject({ upload: { held: undefined, before: 'lost' } });
  });

  it('keeps the last picture when an event has none', () => {
    const running = after(started, { type: 'progressed', progress: { frame_index: 1, preview: 'QQ==' } }, { type: 'progressed', progress: { frame_index: 2 } });
    expect(running).toMatchObject({ preview: 'QQ==', progress: { frame_index: 2 } });
  });

  it('remembers the file of a failed or cancelled analysis, for another try', () => {
    const failure = { sentence: 'No frame could be decoded.', code: 'NO_FRAMES' };
    expect(after(started, { type: 'failed', failure })).toEqual({ phase: 'failed', file, failure });
    expect(after(started, { type: 'cancelled' })).toEqual({ phase: 'cancelled', file });
  });

  it.each<AnalysisAction>([
    { type: 'progressed', progress: { frame_index: 99 } },
    { type: 'completed', result },
    { type: 'failed', failure: { sentence: 'late', code: 'X' } },
    { type: 'sent', bytes: 1, atMs: 9 },
    { type: 'connected', connection: 'lost' },
  ])('does not let late news of $type change an ended analysis', (action) => {
    const cancelled = after(started, { type: 'cancelled' });
    expect(reduce(cancelled, action)).toBe(cancelled);
    expect(reduce(IDLE, action)).toBe(IDLE);
  });

  it('knows where the video can be watched, until its session is lost', () => {
    const watchable = after(started, { type: 'watchable', playlistUrl: '/a.m3u8' });
    expect(reduce(watchable, { type: 'progressed', progress: { frame_index: 9 } })).toMatchObject({ playlistUrl: '/a.m3u8' });
    expect(reduce(watchable, { type: 'begunAnew', atMs: 1 })).not.toHaveProperty('playlistUrl');
  });

  it('shows a lost connection until there is one again', () => {
    const lost = after(started, { type: 'connected', connection: 'restarting' }, { type: 'connected', connection: 'lost' });
    expect(lost).toMatchObject({ reconnecting: true, restarting: true });
    expect(reduce(lost, { type: 'connected', connection: 'open' })).toMatchObject({ reconnecting: false, restarting: false });
    expect(reduce(lost, { type: 'progressed', progress: { frame_index: 2 } })).toMatchObject({ reconnecting: false });
  });

  it('refuses a file where it stands, but never while an analysis runs', () => {
    const refusal = { sentence: 'Empty.', code: 'EMPTY_INPUT' };
    expect(after({ type: 'refused', refusal })).toEqual({ phase: 'idle', refusal });
    const running = after(started);
    expect(reduce(running, { type: 'refused', refusal })).toBe(running);
  });

  it('starts anew from any end and resets to idle', () => {
    expect(after(started, { type: 'cancelled' }, started)).toMatchObject({ phase: 'running', upload: { sentBytes: 0 } });
    expect(after(started, { type: 'completed', result }, { type: 'reset' })).toBe(IDLE);
  });
});
