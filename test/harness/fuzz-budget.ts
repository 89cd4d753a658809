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
}
