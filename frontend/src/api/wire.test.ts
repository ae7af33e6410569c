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

  it('reads who is in zones and who crossed lines, now and in the end', () => {
    const lines = [{ name: 'gate', in: 2, out: 1 }];
    const now = { frame_index: 1, zones: [{ name: 'door', count: 3, by_class: {} }, { count: 1 }], lines };
    expect(parseAnalysisEvent('progress', JSON.stringify(now))).toMatchObject({ data: { zones: [{ name: 'door', count: 3 }], lines } });
    const door = { name: 'door', entries: 5, visitors: 4, dwell: { total: 10, mean: 2, max: 4 }, most_at_once: 2, mean_at_once: 0.5 };
    expect(parseAnalysisEvent('complete', JSON.stringify({ download_url: '/a', zones: [door], lines }))).toMatchObject({
      data: { zones: [{ name: 'door', visitors: 4, most_at_once: 2, mean_dwell: 2 }], lines },
    });
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

  it('reads where each file of the result is, as far as the server has it', () => {
    const urls = Object.fromEntries(
      ['results', 'csv', 'mot', 'coco', 'captions', 'sheet', 'sheet_index', 'timeline', 'heatmap', 'zones', 'zone_events', 'zip'].map((name) => [`${name}_url`, `/uploads/${name}`]),
    );
    const body = { download_url: '/uploads/video', request_id: 'r-1', ...urls };
    expect(parseAnalysisEvent('complete', JSON.stringify(body))).toMatchObject({ data: body });
    const old = parseAnalysisEvent('complete', '{"download_url":"/uploads/video","zip_url":null,"mot_url":7}');
    expect(Object.keys(old?.data ?? {}).filter((name) => name.endsWith('_url'))).toEqual(['download_url']);
  });

  it('gives an error without a reason a sentence', () => {
    expect(parseAnalysisEvent('error', '{}')).toMatchObject({ type: 'error', data: { code: 'UNKNOWN' } });
  });

  it('keeps the request of an error, for the operator', () => {
    expect(parseAnalysisEvent('error', '{"code":"X","detail":"x","request_id":"r-1"}')).toMatchObject({ data: { request_id: 'r-1' } });
  });

  it.each([
    ['progress', '{'],
    ['progress', '{"percent":3}'],
    ['complete', '{}'],
    ['complete', '[]'],
    ['news', '{}'],
    ['reset', '{"detail":"Events in between are no longer kept; the newest state follows."}'],
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
