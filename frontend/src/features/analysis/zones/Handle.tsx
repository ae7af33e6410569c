import type { KeyboardEvent, PointerEvent } from 'react';
import type { Point } from './places';

interface Props {
  label: string;
  at: Point;
  width: number;
  height: number;
  pointOf: (event: PointerEvent) => Point;
  onMove: (to: Point) => void;
}

const STEP = 0.01;
const ARROWS: Record<string, Point> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** A point of the selected place: dragged, or moved with the arrow keys. */
export function Handle({ label, at, width, height, pointOf, onMove }: Props) {
  const onKeyDown = (event: KeyboardEvent) => {
    const arrow = ARROWS[event.key];
    if (arrow === undefined) return;
    event.preventDefault();
    const step = event.shiftKey ? 5 * STEP : STEP;
    onMove([at[0] + arrow[0] * step, at[1] + arrow[1] * step]);
  };
  return (
    <circle
      className="handle"
      tabIndex={0}
      role="button"
      aria-label={`${label}, ${Math.round(at[0] * 100)} % from the left, ${Math.round(at[1] * 100)} % from the top`}
      cx={at[0] * width}
      cy={at[1] * height}
      r={Math.hypot(width, height) / 110}
      onKeyDown={onKeyDown}
      onPointerDown={(event) => {
        event.stopPropagation();
        event.currentTarget.setPointerCapture(event.pointerId);
      }}
      onPointerMove={(event) => {
        if (event.currentTarget.hasPointerCapture(event.pointerId)) onMove(pointOf(event));
      }}
    />
  );
}
