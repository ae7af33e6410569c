import { useEffect, useEffectEvent, type RefObject } from 'react';
import { playFile, playGrowing } from './growingVideo';
import { handOver, type Watching } from './handOver';

interface Props {
  url: string;
  /** It is a playlist, and more is to come. */
  growing: boolean;
  poster: string | undefined;
  /** Width by height, so that nothing moves when the video is there. */
  shape: number | undefined;
  captionsUrl: string | undefined;
  videoRef: RefObject<HTMLVideoElement | null>;
  /** Kept up to date, for whatever takes this source's place. */
  watchingRef: RefObject<Watching | undefined>;
  onBroken: () => void;
}

const calm = () => window.matchMedia('(prefers-reduced-motion: reduce)').matches;

/** Plays a source from where the one before it was left. It stays the same element, also in full screen. */
export function Video({ url, growing, poster, shape, captionsUrl, videoRef, watchingRef, onBroken }: Props) {
  const broken = useEffectEvent(onBroken);

  useEffect(() => {
    const element = videoRef.current;
    if (element === null) return;
    const before = watchingRef.current ?? { seconds: 0, playing: !calm() };
    const onLoaded = () => {
      const { seconds, playing } = growing ? before : handOver(before, element.duration);
      if (element.currentTime !== seconds) element.currentTime = seconds;
      // Where the browser does not let it begin by itself, it waits for its button.
      if (playing) element.play().catch(() => undefined);
    };
    element.addEventListener('loadedmetadata', onLoaded, { once: true });
    const onBroken = () => broken();
    const end = growing ? playGrowing(element, url, before.seconds, onBroken) : playFile(element, url, onBroken);
    return () => {
      element.removeEventListener('loadedmetadata', onLoaded);
      if (element.readyState > 0) watchingRef.current = { seconds: element.currentTime, playing: !element.paused };
      end();
    };
  }, [url, growing, videoRef, watchingRef]);

  return (
    <div className="stage">
      <video
        ref={videoRef}
        className="stage-picture"
        {...(poster !== undefined && { poster })}
        {...(shape !== undefined && { style: { aspectRatio: shape } })}
        controls
        playsInline
        // Browsers let a video begin by itself only without its sound.
        muted
      >
        {captionsUrl !== undefined && <track kind="captions" src={captionsUrl} srcLang="en" label="What is seen" />}
      </video>
    </div>
  );
}
