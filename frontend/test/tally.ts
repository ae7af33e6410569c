/** Runs named checks one after another and counts them. */
export class Tally {
  #passed = 0;
  #failed = 0;

  async check(name: string, run: () => Promise<void>): Promise<void> {
    try {
      await run();
      this.#passed += 1;
      console.log(`ok      ${name}`);
    } catch (error) {
      this.#failed += 1;
      console.log(`FAILED  ${name}\n        ${String(error instanceof Error ? (error.stack ?? error) : error).replaceAll('\n', '\n        ')}`);
    }
  }

  /** The closing line, and the exit code. */
  close(): number {
    console.log(`${this.#passed} passed, ${this.#failed} failed`);
    return this.#failed > 0 || this.#passed === 0 ? 1 : 0;
  }
}
