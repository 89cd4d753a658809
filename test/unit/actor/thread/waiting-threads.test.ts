import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { ActorSystem } from "../../../../src/actor/actor-system.ts";
import { ActorThread } from "../../../../src/actor/thread/actor-thread.ts";
import { WaitingThreads } from "../../../../src/actor/thread/waiting-threads.ts";
import { systemClock } from "../../../../src/base/clock.ts";
import { silentLogger } from "../../../../src/base/log.ts";
import { SystemRandom } from "../../../../src/base/random.ts";
import { TimerWheel } from "../../../../src/base/timer-wheel.ts";
import { nextTurn } from "../../../../src/base/turn.ts";
import { until } from "../../../harness/until.ts";
import type { Echo } from "../fixtures/echo-protocol.ts";

const SCRIPT = new URL("../fixtures/echo-thread.ts", import.meta.url);
const MISSING = new URL("./fixtures/no-such-thread.ts", import.meta.url);

describe("WaitingThreads", () => {
  let system: ActorSystem;
  let waiting: WaitingThreads;
  const started: ActorThread[] = [];

  beforeEach(() => {
    system = new ActorSystem({
      thread: "main",
      clock: systemClock,
      timers: new TimerWheel(systemClock),
      random: new SystemRandom(),
      log: silentLogger,
      schedule: nextTurn,
    });
  });

  afterEach(async () => {
    await waiting.close();
    for (const thread of started.splice(0)) await thread.terminate();
  });

  function start(name: string): ActorThread {
    const thread = new ActorThread({ name, script: SCRIPT, data: undefined, waiting }, system);
    started.push(thread);
    return thread;
  }

  it("gives a waiting thread its work, which then answers as if it had been started with it", async () => {
    waiting = new WaitingThreads(SCRIPT, ["one", "two"]);
    const echo = start("one").bridge.ref<Echo>("echo");
    assert.equal(waiting.size, 1);
    echo.tell({ type: "note", number: 7 });
    assert.deepEqual((await echo.ask({ type: "seen" }, 60_000)).notes, [7]);
  });

  it("leaves a name that nobody waits under to a new thread", async () => {
    waiting = new WaitingThreads(SCRIPT, ["one"]);
    const echo = start("three").bridge.ref<Echo>("echo");
    assert.equal(waiting.size, 1);
    assert.deepEqual((await echo.ask({ type: "seen" }, 60_000)).notes, []);
  });

  it("tells how a thread ended that had waited before", async () => {
    waiting = new WaitingThreads(SCRIPT, ["one"]);
    const thread = start("one");
    const echo = thread.bridge.ref<Echo>("echo");
    await echo.ask({ type: "seen" }, 60_000);
    echo.tell({ type: "crash" });
    const { code, error } = await thread.ended;
    assert.deepEqual([code, error], [1, "thread told to crash"]);
  });

  it("forgets a thread that ends while it waits: the next one is started anew", async () => {
    waiting = new WaitingThreads(MISSING, ["one"]);
    await until("the thread has ended", () => waiting.size === 0);
    const echo = start("one").bridge.ref<Echo>("echo");
    assert.deepEqual((await echo.ask({ type: "seen" }, 60_000)).notes, []);
  });

  it("ends those that nobody took", async () => {
    waiting = new WaitingThreads(SCRIPT, ["one", "two"]);
    const taken = start("one");
    await waiting.close();
    assert.equal(waiting.size, 0);
    assert.deepEqual((await taken.bridge.ref<Echo>("echo").ask({ type: "seen" }, 60_000)).notes, []);
  });
});
