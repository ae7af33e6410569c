import { clamped, distinct, freeName, middleOf, MOST_PLACES, MOST_POINTS, movedBy, type Place, type PlaceKind, type Point } from './places';

/** What is drawn, and what is being drawn. */
export interface Drawing {
  places: readonly Place[];
  draft?: { kind: PlaceKind; points: readonly Point[] };
  /** The number of the place whose points can be moved. */
  selected?: number;
}

export type DrawingAction =
  | { type: 'begin'; kind: PlaceKind }
  | { type: 'point'; at: Point }
  | { type: 'undo' }
  | { type: 'close' }
  | { type: 'cancel' }
  | { type: 'select'; number: number | undefined }
  | { type: 'movePoint'; number: number; point: number; to: Point }
  | { type: 'moveBy'; number: number; by: Point }
  | { type: 'rename'; number: number; name: string }
  | { type: 'turn'; number: number }
  | { type: 'remove'; number: number };

export const EMPTY: Drawing = { places: [] };

/** Points that a place of this kind has at least. */
const LEAST: Record<PlaceKind, number> = { zone: 3, line: 2 };

export function draw(drawing: Drawing, action: DrawingAction): Drawing {
  const { places, draft, selected } = drawing;
  switch (action.type) {
    case 'begin':
      return places.length >= MOST_PLACES ? drawing : { places, draft: { kind: action.kind, points: [] } };
    case 'point': {
      if (draft === undefined || draft.points.length >= MOST_POINTS) return drawing;
      const next = { places, draft: { ...draft, points: [...draft.points, clamped(action.at)] } };
      return draft.kind === 'line' && distinct(next.draft.points).length === 2 ? closed(next) : next;
    }
    case 'undo':
      return draft === undefined ? drawing : { places, draft: { ...draft, points: draft.points.slice(0, -1) } };
    case 'close':
      return closed(drawing);
    case 'cancel':
      return { places };
    case 'select':
      // What is being drawn is not lost by a touch elsewhere.
      if (draft !== undefined) return drawing;
      return action.number === undefined ? { places } : { places, selected: action.number };
    case 'movePoint':
      return changed(drawing, action.number, (place) => ({ ...place, points: place.points.with(action.point, clamped(action.to)) }));
    case 'moveBy':
      return changed(drawing, action.number, (place) => ({ ...place, points: movedBy(place.points, action.by) }));
    case 'rename':
      return changed(drawing, action.number, (place) => ({ ...place, name: action.name }));
    case 'turn':
      return changed(drawing, action.number, (place) => ({ ...place, points: place.points.toReversed() }));
    case 'remove': {
      const left = places.filter((_, number) => number !== action.number);
      return selected === undefined || selected >= left.length ? { places: left } : { places: left, selected };
    }
  }
}

/** Makes a place of the draft, in the middle where it has no points; too few points stay a draft. */
function closed({ places, draft }: Drawing): Drawing {
  if (draft === undefined) return { places };
  const points = draft.points.length === 0 ? middleOf(draft.kind) : distinct(draft.points);
  if (points.length < LEAST[draft.kind]) return { places, draft };
  return { places: [...places, { kind: draft.kind, name: freeName(draft.kind, places), points }], selected: places.length };
}

function changed(drawing: Drawing, number: number, change: (place: Place) => Place): Drawing {
  return { ...drawing, places: drawing.places.map((place, i) => (i === number ? change(place) : place)), selected: number };
}
