import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { ActorEnd, ActorRef } from "../../../../src/actor/actor-ref.ts";
import { ActorSystem } from "../../../../src/actor/actor-system.ts";
import type { AskError } from "../../../../src/actor/ask-error.ts";
import { ActorThread } from "../../../../src/actor/thread/actor-thread.ts";
import { withTransfer } from "../../../../src/actor/thread/transfer.ts";
import { systemClock } from "../../../../src/base/clock.ts";
import { silentLogger } from "../../../../src/base/log.ts";
import { SystemRandom } from "../../../../src/base/random.ts";
import { TimerWheel } from "../../../../src/base/timer-wheel.ts";
import { nextTurn } from "../../../../src/base/turn.ts";
import { openGate, type ThreadGate, threadGate } from "../../../harness/block-thread.ts";
import { until } from "../../../harness/until.ts";
import type { Echo } from "../fixtures/echo-protocol.ts";

const reasonOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "none",
    (error: AskError) => `${error.name} ${error.reason}`,
  );

describe("ActorThread", () => {
  let system: ActorSystem;
  let thread: ActorThread;
  let echo: ActorRef<Echo>;

  beforeEach(() => {
    system = new ActorSystem({
      thread: "main",
      clock: systemClock,
      timers: new TimerWheel(systemClock),
      random: new SystemRandom(),
      log: silentLogger,
      schedule: nextTurn,
    });
    const script = new URL("../fixtures/echo-thread.ts", import.meta.url);
    thread = new ActorThread({ name: "far", script, data: undefined }, system);
    echo = thread.bridge.ref<Echo>("echo", {
      capacity: 100,
      coalesceBy: (message) => (message.type === "level" ? "level" : undefined),
    });
  });

  /** Holds the thread up until the gate is opened. */
  function block(): ThreadGate {
    const gate = threadGate();
    echo.tell({ type: "block", gate });
    return gate;
  }

  afterEach(async () => {
    await thread.terminate();
    await thread.ended;
  });

  it("carries messages in order, and more of them than one window of credits", async () => {
    for (let number = 0; number < 150; number++) echo.tell({ type: "note", number });
    while ((await echo.ask({ type: "seen" }, 60_000)).notes.length < 150);
    const { notes } = await echo.ask({ type: "seen" }, 60_000);
    assert.deepEqual(
      notes,
      Array.from({ length: 150 }, (_, index) => index),
    );
    assert.equal(system.deadLetters.total, 0);
  });

  it("bounds and coalesces what waits for a thread that is stuck", async () => {
    await echo.ask({ type: "seen" }, 60_000);
    const gate = block();
    for (let number = 0; number < 1000; number++) echo.tell({ type: "note", number });
    for (let level = 0; level < 1000; level++) echo.tell({ type: "level", level: String(level) });
    // 63 fit the window beside the block, 100 wait; the levels find no room left.
    assert.equal(system.deadLetters.count("mailbox_full"), 1000 - 163 + 1000);
    assert.equal(await reasonOf(echo.ask({ type: "seen" }, 50)), "AskError timeout");
    openGate(gate);
    while ((await echo.ask({ type: "seen" }, 60_000)).notes.length < 163);
  });

  it("keeps only the latest of coalesced messages while there is no credit", async () => {
    await echo.ask({ type: "seen" }, 60_000);
    const gate = block();
    for (let number = 0; number < 63; number++) echo.tell({ type: "note", number });
    for (let level = 0; level < 1000; level++) echo.tell({ type: "level", level: String(level) });
    openGate(gate);
    while ((await echo.ask({ type: "seen" }, 60_000)).levels.length === 0);
    assert.deepEqual((await echo.ask({ type: "seen" }, 60_000)).levels, ["999"]);
    assert.equal(system.deadLetters.total, 0);
  });

  it("moves what a question and its reply name", async () => {
    const bytes = new Uint8Array([1, 2, 3]);
    const sum = await echo.ask(withTransfer({ type: "sum", bytes } as const, [bytes.buffer]), 60_000);
    assert.deepEqual(sum, new Uint8Array([6]));
    assert.equal(bytes.length, 0);
  });

  it("counts a message that can't be copied as a dead letter and goes on", async () => {
    const broken: unknown = { type: "note", number: () => 1 };
    echo.tell(broken as Echo);
    assert.equal(system.deadLetters.count("not_cloneable"), 1);
    echo.tell({ type: "note", number: 7 });
    assert.deepEqual((await echo.ask({ type: "seen" }, 60_000)).notes, [7]);
  });

  it("answers a question for an unknown actor with unreachable", async () => {
    const nobody = thread.bridge.ref<Echo>("nobody");
    assert.equal(await reasonOf(nobody.ask({ type: "seen" }, 60_000)), "AskError unreachable");
  });

  const ends: readonly { name: string; end: (thread: ActorThread, echo: ActorRef<Echo>) => void }[] = [
    { name: "crashes", end: (_, ref) => ref.tell({ type: "crash" }) },
    { name: "is terminated", end: (dying) => void dying.terminate() },
  ];
  for (const { name, end } of ends) {
    it(`rejects what is pending, reports the end and drops later messages when the thread ${name}`, async () => {
      await echo.ask({ type: "seen" }, 60_000);
      const watched: ActorEnd[] = [];
      echo.watch((gone) => watched.push(gone));
      const pending = reasonOf(echo.ask({ type: "never" }, 60_000));
      end(thread, echo);
      assert.equal(await pending, "AskError crashed");
      await thread.ended;
      assert.equal(watched.length, 1);
      assert.equal(watched[0]?.reason, "unreachable");
      assert.equal(thread.bridge.control.pendingCount, 0);
      echo.tell({ type: "note", number: 1 });
      assert.equal(system.deadLetters.count("thread_gone"), 1);
      assert.equal(await reasonOf(echo.ask({ type: "seen" }, 60_000)), "AskError unreachable");
    });
  }

  it("tells the error a thread died of, with its stack", async () => {
    echo.tell({ type: "crash" });
    const { code, error, stack } = await thread.ended;
    assert.deepEqual([code, error], [1, "thread told to crash"]);
    assert.match(stack ?? "", /echo-thread/);
  });

  it("shows the last report of a stuck thread with its age, and says that it does not answer", async () => {
    const { reports } = thread.bridge;
    const rootNow = (): ReturnType<typeof reports.root> => reports.root("echo", "worker-1", systemClock.nowMs());
    // On a busy machine the first reports may come too late to count as answers.
    while (rootNow()?.answering !== true) await echo.ask({ type: "seen" }, 60_000);
    assert.equal(rootNow()?.id, "worker-1");
    assert.equal(rootNow()?.thread, "far");
    const gate = block();
    assert.equal(await reasonOf(echo.ask({ type: "seen" }, 50)), "AskError timeout");
    await until("three reports to be missed", () => rootNow()?.answering === false);
    assert.ok((rootNow()?.reportAgeMs ?? 0) >= 60);
    openGate(gate);
    await echo.ask({ type: "seen" }, 60_000);
    while (rootNow()?.answering === false) await echo.ask({ type: "seen" }, 60_000);
  });
});
