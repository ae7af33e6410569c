import { describe, expect, it } from 'vitest';
import { parseSheetIndex, tileAt } from './sheetIndex';

const INDEX =
  'WEBVTT\n\n00:00:00.000 --> 00:00:01.000\na.sheet.png#xywh=0,0,192,108\n\n00:00:01.000 --> 00:01:02.500\na.sheet.png#xywh=192,0,192,108\n';

describe('parseSheetIndex', () => {
  it('reads times and places', () => {
    expect(parseSheetIndex(INDEX)).toEqual([
      { from: 0, to: 1, x: 0, y: 0, width: 192, height: 108 },
      { from: 1, to: 62.5, x: 192, y: 0, width: 192, height: 108 },
    ]);
    expect(parseSheetIndex(INDEX.replaceAll('\n', '\r\n'))).toHaveLength(2);
  });

  it('takes names of cues, settings, hours and times without them', () => {
    const text = 'WEBVTT - title\n\nNOTE nothing\n\n7\n59:59.500 --> 100:00:00.000 align:left\ns.png#xywh=pixel:1,2,3,4';
    expect(parseSheetIndex(text)).toEqual([{ from: 3599.5, to: 360_000, x: 1, y: 2, width: 3, height: 4 }]);
  });

  it('leaves out what names no place, and takes nothing else for an index', () => {
    expect(parseSheetIndex('WEBVTT\n\n00:00.000 --> 00:01.000\nperson ×2\n\n00:0x --> 1\na#xywh=0,0,1,1\n')).toEqual([]);
    expect(parseSheetIndex('<html></html>')).toEqual([]);
    expect(parseSheetIndex('')).toEqual([]);
  });
});

it('finds the tile of a time, and the nearest beyond both ends', () => {
  const tiles = parseSheetIndex(INDEX);
  const x = (seconds: number) => tileAt(tiles, seconds)?.x;
  expect([x(-1), x(0), x(0.999), x(1), x(900)]).toEqual([0, 0, 0, 192, 192]);
  expect(tileAt([], 1)).toBeUndefined();
});
