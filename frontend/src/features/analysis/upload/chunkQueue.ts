import type { ChunkRange } from '../../../api/wire';

/** Which chunk goes next: what the server wants, then what the client holds for urgent, then from the front. */
export class ChunkQueue {
  readonly #pending: Set<number>;
  #wanted: readonly ChunkRange[] = [];
  readonly #urgent: readonly ChunkRange[];

  constructor(total: number, urgent: readonly ChunkRange[] = [], received: readonly ChunkRange[] = []) {
    const missing = (index: number) => !received.some((range) => contains(range, index));
    this.#pending = new Set(Array.from({ length: total }, (_, index) => index).filter(missing));
    this.#urgent = urgent;
  }

  /** The newest answer's ranges take the place of older ones. */
  want(ranges: readonly ChunkRange[]): void {
    this.#wanted = ranges;
  }

  take(): number | undefined {
    const index = this.#firstOf(this.#wanted) ?? this.#firstOf(this.#urgent) ?? this.#pending.values().next().value;
    if (index !== undefined) this.#pending.delete(index);
    return index;
  }

  #firstOf(ranges: readonly ChunkRange[]): number | undefined {
    for (const range of ranges) {
      // A set keeps its order: chunks are pending from the lowest to the highest.
      for (const index of this.#pending) if (contains(range, index)) return index;
    }
    return undefined;
  }
}

/** The contract writes a range as `[from, to]`; both ends belong to it. The one place that knows. */
function contains([from, to]: ChunkRange, index: number): boolean {
  return from <= index && index <= to;
}
