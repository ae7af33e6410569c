/** A tile of the contact sheet, and the time that it stands for. Seconds; pixels of the sheet. */
export interface Tile {
  from: number;
  to: number;
  x: number;
  y: number;
  width: number;
  height: number;
}

const TIMES = /^((?:\d+:)?\d{2}:\d{2}\.\d{3})[ \t]+-->[ \t]+((?:\d+:)?\d{2}:\d{2}\.\d{3})/;
const PLACE = /#xywh=(?:pixel:)?(\d+),(\d+),(\d+),(\d+)$/;

/** A WebVTT file whose cues name places in a picture (Media Fragments, 4.2.2); cues that name none are left out. */
export function parseSheetIndex(text: string): Tile[] {
  if (!text.startsWith('WEBVTT')) return [];
  return text.split(/(?:\r?\n){2,}/).flatMap((block) => {
    const lines = block.split(/\r?\n/);
    const at = lines.findIndex((line) => TIMES.test(line));
    const times = TIMES.exec(lines[at] ?? '');
    const place = PLACE.exec((lines[at + 1] ?? '').trim());
    if (times === null || place === null) return [];
    const [x = 0, y = 0, width = 0, height = 0] = place.slice(1).map(Number);
    return [{ from: secondsOf(times[1] ?? ''), to: secondsOf(times[2] ?? ''), x, y, width, height }];
  });
}

function secondsOf(time: string): number {
  return time.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
}

/** The tile of a time; the nearest before it where the sheet leaves it out. Tiles are in the order of time. */
export function tileAt(tiles: readonly Tile[], seconds: number): Tile | undefined {
  return tiles.findLast((tile) => tile.from <= seconds) ?? tiles[0];
}
