import type { Dispatch } from 'react';
import type { Drawing, DrawingAction } from './drawing';
import { faultOf, LONGEST_NAME } from './places';

/** The names of what is drawn, and what can be done with each. */
export function PlaceList({ drawing: { places, selected }, dispatch }: { drawing: Drawing; dispatch: Dispatch<DrawingAction> }) {
  if (places.length === 0) return null;
  return (
    <ul className="places">
      {places.map((place, number) => {
        const fault = faultOf(place, places);
        return (
          <li key={number} className={number === selected ? 'is-selected' : undefined}>
            <span className={`place-kind place-${place.kind}`}>{place.kind}</span>
            <input
              type="text"
              value={place.name}
              maxLength={LONGEST_NAME}
              aria-label={`Name of ${place.kind} ${number + 1}`}
              aria-invalid={fault !== undefined}
              onFocus={() => dispatch({ type: 'select', number })}
              onChange={(event) => dispatch({ type: 'rename', number, name: event.target.value })}
            />
            {place.kind === 'line' && (
              <button type="button" className="button" onClick={() => dispatch({ type: 'turn', number })}>
                Turn round
              </button>
            )}
            <button type="button" className="button" aria-label={`Delete ${place.name}`} onClick={() => dispatch({ type: 'remove', number })}>
              Delete
            </button>
            {fault !== undefined && <p role="alert">{fault}</p>}
          </li>
        );
      })}
    </ul>
  );
}
