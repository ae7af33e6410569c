import { useRef, useState, type Dispatch, type KeyboardEvent, type PointerEvent } from 'react';
import type { Drawing, DrawingAction } from './drawing';
import { Handle } from './Handle';
import type { Point } from './places';
import { Shape } from './Shape';

interface Props {
  drawing: Drawing;
  dispatch: Dispatch<DrawingAction>;
  width: number;
  height: number;
}

/** What lies over the picture: shapes, the points of the selected one, and the one that is being drawn. */
export function Sketch({ drawing: { places, draft, selected }, dispatch, width, height }: Props) {
  const svg = useRef<SVGSVGElement>(null);
  const [hover, setHover] = useState<Point>();
  /** Where the pointer was that drags a whole shape. */
  const grip = useRef<Point>(undefined);

  const pointOf = (event: PointerEvent): Point => {
    const box = svg.current?.getBoundingClientRect();
    if (box === undefined || box.width === 0 || box.height === 0) return [0, 0];
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  };
  const size = { width, height };
  const chosen = selected === undefined || draft !== undefined ? undefined : places[selected];

  const onKeyDown = (event: KeyboardEvent) => {
    const type = draft && ({ Enter: 'close', Escape: 'cancel', Backspace: 'undo' } as const)[event.key];
    if (type === undefined) return;
    event.preventDefault();
    dispatch({ type });
  };

  return (
    <svg
      ref={svg}
      className={draft ? 'sketch is-drawing' : 'sketch'}
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="none"
      role="application"
      aria-label="Zones and lines on the first frame"
      tabIndex={0}
      onKeyDown={onKeyDown}
      onPointerDown={(event) => dispatch(draft ? { type: 'point', at: pointOf(event) } : { type: 'select', number: undefined })}
      onPointerMove={(event) => setHover(draft && event.pointerType !== 'touch' ? pointOf(event) : undefined)}
      onPointerLeave={() => setHover(undefined)}
      onDoubleClick={() => draft && dispatch({ type: 'close' })}
    >
      {places.map((place, number) => (
        <g
          key={number}
          onPointerDown={(event) => {
            if (draft) return;
            event.stopPropagation();
            event.currentTarget.setPointerCapture(event.pointerId);
            grip.current = pointOf(event);
            dispatch({ type: 'select', number });
          }}
          onPointerMove={(event) => {
            if (grip.current === undefined || !event.currentTarget.hasPointerCapture(event.pointerId)) return;
            const now = pointOf(event);
            dispatch({ type: 'moveBy', number, by: [now[0] - grip.current[0], now[1] - grip.current[1]] });
            grip.current = now;
          }}
        >
          <Shape {...place} {...size} state={number === selected ? 'selected' : 'drawn'} />
          <text className="shape-name" x={(place.points[0]?.[0] ?? 0) * width} y={(place.points[0]?.[1] ?? 0) * height} dy="-0.6em" fontSize={height / 28}>
            {place.name}
          </text>
        </g>
      ))}
      {chosen !== undefined &&
        selected !== undefined &&
        chosen.points.map((at, point) => (
          <Handle
            key={point}
            label={`Point ${point + 1} of ${chosen.name}`}
            at={at}
            {...size}
            pointOf={pointOf}
            onMove={(to) => dispatch({ type: 'movePoint', number: selected, point, to })}
          />
        ))}
      {draft && <Shape kind={draft.kind} points={hover ? [...draft.points, hover] : draft.points} {...size} state="draft" />}
      {draft?.points.map(([x, y], i) => <circle key={i} className="dot" cx={x * width} cy={y * height} r={Math.hypot(...Object.values(size)) / 150} />)}
    </svg>
  );
}
