import { SystemRandom } from "../../src/base/random.ts";

const DEFAULT_SECONDS = 5;
/** The same for all, so that what one run of the tests finds every run finds. */
const DEFAULT_SEED = 20_261_121;

/**
 * How long a fuzz test runs (`FUZZ_SECONDS`, 5 unless set) and from which seed (`FUZZ_SEED`, always the same unless set). To look for
 * what is not known yet: `FUZZ_SEED=new FUZZ_SECONDS=600`.
 */
export class FuzzBudget {
  readonly seed: number;
  readonly seconds: number;
  readonly #endsAtMs: number;

  constructor() {
    this.seconds = Number(process.env.FUZZ_SECONDS ?? DEFAULT_SECONDS);
    const seed = process.env.FUZZ_SEED;
    this.seed = seed === "new" ? new SystemRandom().uint32() : Number(seed ?? DEFAULT_SEED);
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
