/** Zones and lines as they are drawn: points are fractions of the picture's width and height. */

export type Point = readonly [x: number, y: number];

export type PlaceKind = 'zone' | 'line';

export interface Place {
  kind: PlaceKind;
  name: string;
  points: readonly Point[];
}

/** The server's limits. */
export const MOST_PLACES = 32;
export const MOST_POINTS = 64;
export const LONGEST_NAME = 40;

/** Points that lie nearer were one click: a part of the picture's width. */
const SAME = 0.006;

/** The option `zones` for the server; undefined where nothing is drawn. */
export function planText(places: readonly Place[]): string | undefined {
  if (places.length === 0) return undefined;
  const of = (kind: PlaceKind) =>
    places.filter((place) => place.kind === kind).map(({ name, points }) => ({ name: name.trim(), points: points.map(([x, y]) => [rounded(x), rounded(y)]) }));
  return JSON.stringify({ zones: of('zone'), lines: of('line') });
}

const rounded = (value: number) => Math.round(value * 1e4) / 1e4;

export function clamped([x, y]: Point): Point {
  const within = (value: number) => Math.min(1, Math.max(0, value));
  return [within(x), within(y)];
}

/** The place as far from where it was, but not beyond the picture. */
export function movedBy(points: readonly Point[], [dx, dy]: Point): Point[] {
  const least = (axis: 0 | 1) => -Math.min(...points.map((point) => point[axis]));
  const most = (axis: 0 | 1) => 1 - Math.max(...points.map((point) => point[axis]));
  const x = Math.min(most(0), Math.max(least(0), dx));
  const y = Math.min(most(1), Math.max(least(1), dy));
  return points.map((point) => [point[0] + x, point[1] + y]);
}

/** Without points that a double click made twice. */
export function distinct(points: readonly Point[]): Point[] {
  return points.filter((point, i) => {
    const before = points[i - 1];
    return before === undefined || Math.hypot(point[0] - before[0], point[1] - before[1]) > SAME;
  });
}

/** A name that no other place has: `Zone 3`. */
export function freeName(kind: PlaceKind, places: readonly Place[]): string {
  const word = kind === 'zone' ? 'Zone' : 'Line';
  for (let number = 1; ; number += 1) {
    const name = `${word} ${number}`;
    if (!places.some((place) => place.name.trim() === name)) return name;
  }
}

/** What one draws who draws with the keyboard: in the middle, to be moved from there. */
export function middleOf(kind: PlaceKind): Point[] {
  return kind === 'line' ? [[0.3, 0.5], [0.7, 0.5]] : [[0.35, 0.35], [0.65, 0.35], [0.65, 0.65], [0.35, 0.65]];
}

/** Why the server would refuse this place, in a few words. */
export function faultOf(place: Place, places: readonly Place[]): string | undefined {
  const name = place.name.trim();
  if (name === '') return 'It needs a name';
  if (places.some((other) => other !== place && other.name.trim() === name)) return 'Another one has this name';
  if (place.kind === 'zone' && edgesCross(place.points)) return 'Its edges cross';
  if (place.kind === 'zone' && area(place.points) < 1e-5) return 'It has no area';
  if (place.kind === 'line' && distinct(place.points).length < 2) return 'It has no length';
  return undefined;
}

function area(points: readonly Point[]): number {
  const twice = points.reduce((sum, [x, y], i) => {
    const [nextX, nextY] = points[(i + 1) % points.length] ?? [x, y];
    return sum + x * nextY - nextX * y;
  }, 0);
  return Math.abs(twice) / 2;
}

function edgesCross(points: readonly Point[]): boolean {
  const edges = points.map((point, i): [Point, Point] => [point, points[(i + 1) % points.length] ?? point]);
  return edges.some(([a, b], i) =>
    edges.some(([c, d], j) => {
      const apart = Math.abs(i - j);
      return apart > 1 && apart < edges.length - 1 && side(a, b, c) * side(a, b, d) < 0 && side(c, d, a) * side(c, d, b) < 0;
    }),
  );
}

/** On which side of the line from `a` to `b` a point lies. */
function side(a: Point, b: Point, point: Point): number {
  return (b[0] - a[0]) * (point[1] - a[1]) - (b[1] - a[1]) * (point[0] - a[0]);
}
