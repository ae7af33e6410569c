export interface Sample {
  atMs: number;
  bytes: number;
}

const WINDOW_MS = 6000;

/** The samples of the last seconds, the newest last. Fewer bytes than before, as after a loss, begin anew. */
export function addSample(samples: readonly Sample[], sample: Sample): readonly Sample[] {
  const recent = samples.filter((old) => sample.atMs - old.atMs <= WINDOW_MS && old.bytes <= sample.bytes);
  return [...recent, sample];
}

/** Bytes a second over the samples; undefined while they span too little time to say. */
export function bytesPerSecond(samples: readonly Sample[]): number | undefined {
  const first = samples[0];
  const last = samples.at(-1);
  if (first === undefined || last === undefined || last.atMs - first.atMs < 250) return undefined;
  return ((last.bytes - first.bytes) / (last.atMs - first.atMs)) * 1000;
}
