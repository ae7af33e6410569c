import { useCallback, useRef, useState, type Dispatch, type RefCallback } from 'react';
import type { Drawing, DrawingAction } from './drawing';
import { faultOf, MOST_PLACES, type PlaceKind } from './places';
import { PlaceList } from './PlaceList';
import { Sketch } from './Sketch';
import './zones.css';

interface Props {
  file: File;
  drawing: Drawing;
  dispatch: Dispatch<DrawingAction>;
  onStart: () => void;
  onBack: () => void;
}

/** For a video that the browser cannot show: fractions fit every size. */
const UNKNOWN = { width: 1600, height: 900 };

const HINTS: Record<PlaceKind, string> = {
  zone: 'Click the corners. Double-click, Enter or Done closes the zone, Backspace takes a corner back.',
  line: 'Click both ends. The arrow leads to where “in” is.',
};

/** The first frame of a video, to draw zones and lines on before it is analysed. */
export function ZoneEditor({ file, drawing, dispatch, onStart, onBack }: Props) {
  const [size, setSize] = useState<{ width: number; height: number }>();
  const [unseen, setUnseen] = useState(false);
  const picture = useRef<HTMLDivElement>(null);
  const player = usePlayerOf(file);
  const { draft, places } = drawing;
  const faulty = places.some((place) => faultOf(place, places) !== undefined);
  const begin = (kind: PlaceKind) => {
    dispatch({ type: 'begin', kind });
    picture.current?.querySelector('svg')?.focus({ preventScroll: true });
  };

  return (
    <section className="zone-editor" aria-labelledby="zones-title">
      <h1 id="zones-title">Where to count</h1>
      <p className="lead">Tracks are counted in zones and over lines. Draw them on the first frame of {file.name}.</p>
      <div className="zone-tools">
        {(['zone', 'line'] as const).map((kind) => (
          <button
            key={kind}
            type="button"
            className="button"
            aria-pressed={draft?.kind === kind}
            disabled={places.length >= MOST_PLACES}
            onClick={() => begin(kind)}
          >
            {kind === 'zone' ? 'Draw a zone' : 'Draw a line'}
          </button>
        ))}
        {/* Always there: the picture must not move when drawing begins. */}
        <button type="button" className="button" disabled={draft === undefined} onClick={() => dispatch({ type: 'close' })}>
          {draft?.points.length === 0 ? 'Put it in the middle' : 'Done'}
        </button>
        <button type="button" className="button" disabled={draft === undefined} onClick={() => dispatch({ type: 'cancel' })}>
          Stop drawing
        </button>
      </div>
      <p className="zone-hint" aria-live="polite">
        {draft ? HINTS[draft.kind] : places.length > 0 ? 'Drag points or whole shapes; with the keyboard, Tab to a point and use the arrow keys.' : ''}
      </p>
      <div ref={picture} className={unseen ? 'zone-picture is-unseen' : 'zone-picture'}>
        {unseen ? (
          <p className="notice notice-warning">This browser can’t show the video. Drawn here, zones are as large a part of the picture.</p>
        ) : (
          <video
            ref={player}
            muted
            playsInline
            preload="auto"
            aria-label="First frame"
            onLoadedMetadata={({ currentTarget: { videoWidth, videoHeight } }) => {
              if (videoWidth > 0 && videoHeight > 0) setSize({ width: videoWidth, height: videoHeight });
              else setUnseen(true);
            }}
            onError={() => setUnseen(true)}
          />
        )}
        {(size !== undefined || unseen) && <Sketch drawing={drawing} dispatch={dispatch} {...(size ?? UNKNOWN)} />}
      </div>
      <PlaceList drawing={drawing} dispatch={dispatch} />
      <div className="actions">
        <button type="button" className="button button-primary" disabled={faulty || draft !== undefined} onClick={onStart}>
          {places.length === 0 ? 'Start without zones' : 'Start the analysis'}
        </button>
        <button type="button" className="button" onClick={onBack}>
          Choose another video
        </button>
      </div>
    </section>
  );
}

/** Gives a player the file, under an address that lasts as long as it is shown. */
function usePlayerOf(file: File): RefCallback<HTMLVideoElement> {
  return useCallback(
    (player: HTMLVideoElement) => {
      const url = URL.createObjectURL(file);
      player.src = url;
      return () => URL.revokeObjectURL(url);
    },
    [file],
  );
}
