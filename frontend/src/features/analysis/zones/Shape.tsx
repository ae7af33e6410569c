import type { PlaceKind, Point } from './places';

interface Props {
  kind: PlaceKind;
  points: readonly Point[];
  /** Of the picture, in its own pixels. */
  width: number;
  height: number;
  state: 'drawn' | 'selected' | 'draft';
}

/** The outline of a zone, or a line with an arrow to where “in” is. */
export function Shape({ kind, points, width, height, state }: Props) {
  const at = points.map(([x, y]) => `${x * width},${y * height}`).join(' ');
  const closed = kind === 'zone' && state !== 'draft';
  const arrow = kind === 'line' ? arrowPath(points, width, height) : undefined;
  return (
    <g className={`shape shape-${kind} is-${state}`}>
      {[false, true].map((rim) => (
        <g key={String(rim)} className={rim ? 'shape-stroke' : 'shape-rim'}>
          {closed ? <polygon points={at} /> : <polyline points={at} />}
          {arrow !== undefined && <path d={arrow} />}
        </g>
      ))}
    </g>
  );
}

/** From the line's middle to its left-hand side, as one sees it who goes from the first point to the second. */
function arrowPath([from, to]: readonly Point[], width: number, height: number): string | undefined {
  if (from === undefined || to === undefined) return undefined;
  const [ax, ay, bx, by] = [from[0] * width, from[1] * height, to[0] * width, to[1] * height];
  const length = Math.hypot(bx - ax, by - ay);
  if (length === 0) return undefined;
  const [dx, dy] = [(bx - ax) / length, (by - ay) / length];
  const unit = Math.hypot(width, height) / 60;
  const place = (inwards: number, along: number) =>
    `${(ax + bx) / 2 + (dy * inwards + dx * along) * unit} ${(ay + by) / 2 + (-dx * inwards + dy * along) * unit}`;
  return `M ${place(0, 0)} L ${place(2, 0)} M ${place(1, -1)} L ${place(2, 0)} L ${place(1, 1)}`;
}
