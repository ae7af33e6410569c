import { useEffect, useState, type PointerEvent, type RefObject } from 'react';
import * as format from '../format';
import { tileAt } from './sheetIndex';
import { useSheet } from './useSheet';
import './playback.css';

interface Props {
  videoRef: RefObject<HTMLVideoElement | null>;
  /** Seconds that the pictures last. The video is longer where its sound begins earlier or ends later. */
  pictures: number;
  sheetUrl: string;
  indexUrl: string;
}

/** Of one step of the keyboard. */
const STEP_SECONDS = 0.1;

/** The video's time as a strip, with a small picture of what is under the pointer or the keyboard. */
export function ScrubStrip({ videoRef, pictures, sheetUrl, indexUrl }: Props) {
  const tiles = useSheet(indexUrl);
  const [now, setNow] = useState(0);
  const [duration, setDuration] = useState(pictures);
  /** The time that is looked at; absent where nobody looks. */
  const [looked, setLooked] = useState<number>();

  useEffect(() => {
    const video = videoRef.current;
    if (video === null) return;
    const onTime = () => {
      setNow(video.currentTime);
      // Not a number before the video's head is there, endless while it is being made.
      setDuration(Number.isFinite(video.duration) ? video.duration : pictures);
    };
    onTime();
    const events = ['timeupdate', 'seeking', 'loadedmetadata', 'durationchange'] as const;
    for (const name of events) video.addEventListener(name, onTime);
    return () => {
      for (const name of events) video.removeEventListener(name, onTime);
    };
  }, [videoRef, pictures]);

  const onMove = ({ clientX, currentTarget }: PointerEvent) => {
    const { left, width } = currentTarget.getBoundingClientRect();
    setLooked(Math.min(1, Math.max(0, (clientX - left) / width)) * duration);
  };
  const seek = (seconds: number) => {
    const video = videoRef.current;
    if (video !== null) video.currentTime = seconds;
    setNow(seconds);
    setLooked(seconds);
  };
  const tile = looked === undefined ? undefined : tileAt(tiles, looked);

  return (
    <div className="scrub" onPointerMove={onMove} onPointerLeave={() => setLooked(undefined)}>
      {looked !== undefined && (
        <div className="scrub-look" aria-hidden="true" style={{ '--at': looked / duration, '--width': `${tile?.width ?? 0}px` } as object}>
          {tile !== undefined && (
            <div
              className="scrub-tile"
              style={{
                width: tile.width,
                height: tile.height,
                backgroundImage: `url("${sheetUrl}")`,
                backgroundPosition: `-${tile.x}px -${tile.y}px`,
              }}
            />
          )}
          {format.position(looked)}
        </div>
      )}
      <input
        type="range"
        min={0}
        max={duration}
        step={STEP_SECONDS}
        value={Math.min(now, duration)}
        aria-label="Position in the video"
        aria-valuetext={`${format.position(now)} of ${format.position(duration)}`}
        onChange={(event) => seek(event.target.valueAsNumber)}
        onBlur={() => setLooked(undefined)}
      />
    </div>
  );
}
