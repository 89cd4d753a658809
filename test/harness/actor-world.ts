import { ActorSystem, type ActorSystemOptions } from "../../src/actor/actor-system.ts";
import { silentLogger } from "../../src/base/log.ts";
import type { RandomSource } from "../../src/base/random.ts";
import { FakeClock } from "./fake-clock.ts";

/** Always the same number. */
export function fixedRandom(fraction: number): RandomSource {
  return { uint32: () => Math.floor(fraction * 0x1_0000_0000), fraction: () => fraction, uuid: () => "" };
}

/** An actor system whose time and turns move only when told. */
export class ActorWorld {
  readonly clock = new FakeClock();
  readonly system: ActorSystem;
  readonly #work: (() => void)[] = [];

  constructor(options: Partial<ActorSystemOptions> = {}) {
    this.system = new ActorSystem({
      thread: "main",
      clock: this.clock,
      timers: this.clock.timers,
      random: fixedRandom(0),
      log: silentLogger,
      schedule: (work) => this.#work.push(work),
      ...options,
    });
  }

  /** Turns that wait. */
  get waitingTurns(): number {
    return this.#work.length;
  }

  /** Runs turns and settles promises until nothing is left to do at the present time. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 3; ) {
      const work = this.#work.shift();
      if (work === undefined) quiet++;
      else {
        quiet = 0;
        work();
      }
      for (let i = 0; i < 20; i++) await Promise.resolve();
    }
  }

  /** Moves time on and settles after each step. */
  async advance(ms: number): Promise<void> {
    await this.settle();
    for (let left = ms; left > 0; left -= 10) {
      this.clock.advance(Math.min(left, 10));
      await this.settle();
    }
  }
}
