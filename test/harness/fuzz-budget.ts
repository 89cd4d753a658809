import { SystemRandom } from "../../src/base/random.ts";

const DEFAULT_SECONDS = 5;

/** How long a fuzz test runs (`FUZZ_SECONDS`, 5 unless set) and from which seed (`FUZZ_SEED`, a new one unless set). */
export class FuzzBudget {
  readonly seed: number;
  readonly seconds: number;
  readonly #endsAtMs: number;

  constructor() {
    this.seconds = Number(process.env.FUZZ_SECONDS ?? DEFAULT_SECONDS);
    this.seed = Number(process.env.FUZZ_SEED ?? new SystemRandom().uint32());
    this.#endsAtMs = performance.now() + this.seconds * 1000;
  }

  get isOver(): boolean {
    return performance.now() >= this.#endsAtMs;
  }

  /** Calls `check` with one seed after the other until the time is up, `minRuns` times at least. An error names its seed. */
  spend(check: (seed: number) => void, minRuns: number): void {
    for (let runs = 0; runs < minRuns || !this.isOver; runs++) {
      const seed = (this.seed + runs) >>> 0;
      try {
        check(seed);
      } catch (error) {
        throw new Error(`FUZZ_SEED=${seed} fails`, { cause: error });
      }
    }
  }
}
