import { describe, expect, it } from 'vitest';
import { parseAnalysisEvent, parseTaken } from './wire';

describe('parseAnalysisEvent', () => {
  it('reads progress, with and without the optional fields', () => {
    expect(parseAnalysisEvent('progress', '{"frame_index":10,"total_frames":null,"percent":null,"preview":"QQ=="}')).toEqual({
      type: 'progress',
      data: { frame_index: 10, preview: 'QQ==' },
    });
    const full = { frame_index: 10, total_frames: 40, percent: 25, preview: 'QQ==', fps: 12.5, eta_seconds: 2, detections: 3, stage: 'decode' };
    expect(parseAnalysisEvent('progress', JSON.stringify(full))).toEqual({ type: 'progress', data: full });
  });

  it('counts detections that come as a list', () => {
    expect(parseAnalysisEvent('progress', '{"frame_index":1,"detections":[{},{}]}')).toMatchObject({ data: { detections: 2 } });
  });

  it('reads complete and leaves out what is not understood', () => {
    const event = parseAnalysisEvent(
      'complete',
      JSON.stringify({
        download_url: '/uploads/results/0123456789ab.mp4', fps: 25, total_frames: 50, duration_seconds: 2, width: 640, height: 360,
        detection_summary: { person: 150, cat: 'many' }, frames_with_pose: 12, processing_time_seconds: 1.5, audio: 'copied',
        warnings: [{ code: 'VIDEO_TRUNCATED', detail: 'The video ends early.' }, 3], tracks: null,
      }),
    );
    expect(event).toEqual({
      type: 'complete',
      data: {
        download_url: '/uploads/results/0123456789ab.mp4', fps: 25, total_frames: 50, duration_seconds: 2, width: 640, height: 360,
        detection_summary: { person: 150 }, frames_with_pose: 12, processing_time_seconds: 1.5, audio: 'copied',
        warnings: [{ code: 'VIDEO_TRUNCATED', detail: 'The video ends early.' }],
      },
    });
  });

  it('gives an error without a reason a sentence', () => {
    expect(parseAnalysisEvent('error', '{}')).toMatchObject({ type: 'error', data: { code: 'UNKNOWN' } });
  });

  it.each([
    ['progress', '{'],
    ['progress', '{"percent":3}'],
    ['complete', '{}'],
    ['complete', '[]'],
    ['news', '{}'],
  ])('ignores %s %s', (type, data) => {
    expect(parseAnalysisEvent(type, data)).toBeUndefined();
  });
});

describe('parseTaken', () => {
  it('keeps ranges that make sense', () => {
    expect(parseTaken('{"want":[[8,9],[3,3],[5,4],[-1,2],["a",3],[1]],"assembled":false}')).toEqual({ want: [[8, 9], [3, 3]], assembled: false });
  });

  it('wants nothing where the server wants nothing', () => {
    expect(parseTaken('{"assembled":true}')).toEqual({ want: [], assembled: true });
    expect(parseTaken('not json')).toEqual({ want: [], assembled: false });
  });
});
