/** How somebody watches: where they are, and whether it goes on. */
export interface Watching {
  seconds: number;
  playing: boolean;
}

/** So close to its end a video counts as seen to the end. */
const END_SECONDS = 0.25;

/** How a video begins that takes another one's place: where that one was, as far as it goes, and going on if there is more. */
export function handOver(before: Watching, duration: number): Watching {
  const known = Number.isFinite(duration) && duration > 0;
  const seconds = Math.max(0, known ? Math.min(before.seconds, duration) : before.seconds);
  return { seconds, playing: before.playing && !(known && seconds > duration - END_SECONDS) };
}
