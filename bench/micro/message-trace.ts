import { ActorSystem } from "../../src/actor/actor-system.ts";
import { systemClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/log.ts";
import { SystemRandom } from "../../src/base/random.ts";
import { TimerWheel } from "../../src/base/timer-wheel.ts";
import { printNanoseconds } from "./nanoseconds.ts";

/** What a message from `tell` to the end of `receive` costs, and what a trace adds to it: nothing while there is none. */
const turns: (() => void)[] = [];
const timers = new TimerWheel(systemClock);
const system = new ActorSystem({
  thread: "main",
  clock: systemClock,
  timers,
  random: new SystemRandom(),
  log: silentLogger,
  schedule: (turn) => turns.push(turn),
});
let handled = 0;
const message = { type: "count" } as const;
const actor = system.spawn<typeof message>({
  name: "counter",
  kind: "counter",
  create: () => ({
    receive: () => {
      handled++;
    },
  }),
});

function runTurns(): void {
  for (let turn = turns.shift(); turn !== undefined; turn = turns.shift()) turn();
}
function tell(times: number): void {
  for (let at = 0; at < times; at++) {
    actor.tell(message);
    runTurns();
  }
}

runTurns();
// Twice: the first time the code is compiled.
printNanoseconds("warming up", tell);
for (const round of [1, 2]) {
  printNanoseconds(`a message, no trace (${round})`, tell);
  system.startTrace([actor.id], { maxMs: 60_000, maxEvents: 1_000_000, maxPerSecond: 1 });
  printNanoseconds(`a message, traced, skipped by the rate (${round})`, tell);
  system.endTrace();
  printNanoseconds(`a message, after the trace (${round})`, tell);
}
timers.stop();
if (handled === 0) throw new Error("no message was handled");
