import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Actor, ActorContext, ActorSpec } from "../../../src/actor/actor.ts";
import type { ActorEvent } from "../../../src/actor/actor-event.ts";
import type { ActorEnd, Question } from "../../../src/actor/actor-ref.ts";
import type { AskError } from "../../../src/actor/ask-error.ts";
import { NEVER_RESTART } from "../../../src/actor/supervision.ts";
import { ActorWorld } from "../../harness/actor-world.ts";

type Probe =
  | { readonly type: "note"; readonly text: string }
  | { readonly type: "crash" }
  | { readonly type: "keep"; readonly text: string }
  | { readonly type: "release" }
  | { readonly type: "later"; readonly delayMs: number }
  | { readonly type: "hang" }
  | { readonly type: "childEnded"; readonly end: ActorEnd }
  | ({ readonly type: "double"; readonly value: number } & Question<number>)
  | ({ readonly type: "never" } & Question<number>);

/** Writes down what it sees, into a list that outlives its restarts. */
class ProbeActor implements Actor<Probe> {
  readonly context: ActorContext<Probe>;
  readonly seen: string[];

  constructor(context: ActorContext<Probe>, seen: string[]) {
    this.context = context;
    this.seen = seen;
  }

  receive(message: Probe): void | Promise<void> {
    switch (message.type) {
      case "crash":
        throw new Error("told to crash");
      case "keep":
        this.context.stash(message);
        this.seen.push(`kept ${message.text}`);
        return;
      case "release":
        this.context.unstashAll();
        return;
      case "later":
        this.context.sendLater(message.delayMs, { type: "note", text: "later" });
        return;
      case "hang":
        return new Promise(() => {});
      case "double":
        this.context.reply(message, message.value * 2);
        return;
      case "note":
        this.seen.push(message.text);
        return;
      case "childEnded":
        this.seen.push(`${message.end.id} ${message.end.reason}`);
        return;
      case "never":
        return;
    }
  }
}

function probe(seen: string[], more: Partial<ActorSpec<Probe>> = {}): ActorSpec<Probe> {
  return { name: "probe", kind: "probe", create: (context) => new ProbeActor(context, seen), ...more };
}

const rejection = (promise: Promise<unknown>): Promise<AskError | undefined> =>
  promise.then(
    () => undefined,
    (error: AskError) => error,
  );

describe("ActorSystem", () => {
  it("delivers messages one at a time in their order", async () => {
    const world = new ActorWorld();
    const seen: string[] = [];
    const ref = world.system.spawn(probe(seen));
    for (const text of ["a", "b", "c"]) ref.tell({ type: "note", text });
    assert.deepEqual(seen, []);
    await world.settle();
    assert.deepEqual(seen, ["a", "b", "c"]);
    assert.equal(world.system.tree()[0]?.handled, 3);
  });

  it("waits for an asynchronous receive before the next message", async () => {
    const world = new ActorWorld();
    const seen: string[] = [];
    const gate = Promise.withResolvers<void>();
    const ref = world.system.spawn<{ readonly type: string }>({
      name: "slow",
      kind: "probe",
      create: () => ({
        receive: async (message) => {
          if (message.type === "first") await gate.promise;
          seen.push(message.type);
        },
      }),
    });
    ref.tell({ type: "first" });
    ref.tell({ type: "second" });
    await world.settle();
    assert.deepEqual(seen, []);
    gate.resolve();
    await world.settle();
    assert.deepEqual(seen, ["first", "second"]);
  });

  it("holds messages until an asynchronous start has finished", async () => {
    const world = new ActorWorld();
    const seen: string[] = [];
    const gate = Promise.withResolvers<void>();
    const ref = world.system.spawn<Probe>({
      ...probe(seen),
      create: (context) => Object.assign(new ProbeActor(context, seen), { start: () => gate.promise }),
    });
    ref.tell({ type: "note", text: "a" });
    await world.settle();
    assert.equal(world.system.tree()[0]?.status, "starting");
    assert.equal(world.system.tree()[0]?.mailboxLength, 1);
    gate.resolve();
    await world.settle();
    assert.deepEqual(seen, ["a"]);
  });

  it("refuses a second living actor of the same name and names with a slash", () => {
    const world = new ActorWorld();
    world.system.spawn(probe([]));
    assert.throws(() => world.system.spawn(probe([])), /there is an actor probe already/);
    assert.throws(() => world.system.spawn(probe([], { name: "a/b" })), /can't be the name/);
  });

  it("tells nobody's time: an actor without messages costs no turn and no timer", async () => {
    const world = new ActorWorld();
    world.system.spawn(probe([]));
    await world.settle();
    assert.equal(world.waitingTurns, 0);
    assert.equal(world.clock.timers.armedCount, 0);
  });

  describe("ask", () => {
    it("resolves with the reply", async () => {
      const world = new ActorWorld();
      const answer = world.system.spawn(probe([])).ask({ type: "double", value: 21 }, 100);
      await world.settle();
      assert.equal(await answer, 42);
      assert.equal(world.clock.timers.armedCount, 0);
    });

    it("keeps two asks with the same object apart", async () => {
      const world = new ActorWorld();
      const ref = world.system.spawn(probe([]));
      const question = { type: "double", value: 4 } as const;
      const answers = Promise.all([ref.ask(question, 100), ref.ask(question, 100)]);
      await world.settle();
      assert.deepEqual(await answers, [8, 8]);
    });

    const failures: readonly { name: string; reason: string; run: (world: ActorWorld) => Promise<unknown> }[] = [
      {
        name: "when no reply comes within the deadline",
        reason: "timeout",
        run: (world) => world.system.spawn(probe([])).ask({ type: "never" }, 50),
      },
      {
        name: "when the actor crashes while it holds the question",
        reason: "crashed",
        run: (world) => {
          const ref = world.system.spawn(probe([]));
          const answer = ref.ask({ type: "never" }, 10_000);
          ref.tell({ type: "crash" });
          return answer;
        },
      },
      {
        name: "when the actor stops before it replies",
        reason: "stopped",
        run: (world) => {
          const ref = world.system.spawn(probe([]));
          const answer = ref.ask({ type: "never" }, 10_000);
          void world.system.stop(ref, 20);
          return answer;
        },
      },
      {
        name: "when the actor has stopped already",
        reason: "stopped",
        run: async (world) => {
          const ref = world.system.spawn(probe([]));
          const stopped = world.system.stop(ref, 20);
          await world.advance(30);
          await stopped;
          return ref.ask({ type: "double", value: 1 }, 10_000);
        },
      },
      {
        name: "when the mailbox is full",
        reason: "mailbox_full",
        run: (world) => {
          const ref = world.system.spawn(probe([], { mailbox: { capacity: 1 } }));
          ref.tell({ type: "note", text: "a" });
          return ref.ask({ type: "double", value: 1 }, 10_000);
        },
      },
      {
        name: "when the actor has failed for good",
        reason: "crashed",
        run: (world) => {
          const ref = world.system.spawn(probe([], { restart: NEVER_RESTART }));
          ref.tell({ type: "crash" });
          return ref.ask({ type: "double", value: 1 }, 10_000);
        },
      },
    ];
    for (const { name, reason, run } of failures) {
      it(`rejects ${name}`, async () => {
        const world = new ActorWorld();
        const outcome = rejection(run(world));
        await world.advance(200);
        const error = await outcome;
        assert.equal(error?.name, "AskError");
        assert.equal(error.reason, reason);
        assert.match(error.message, /to probe: /);
        assert.equal(world.clock.timers.armedCount <= 1, true);
      });
    }

    it("survives a crash that happens before the actor takes the question", async () => {
      const world = new ActorWorld();
      const ref = world.system.spawn(probe([]));
      ref.tell({ type: "crash" });
      const answer = ref.ask({ type: "double", value: 5 }, 1000);
      await world.advance(200);
      assert.equal(await answer, 10);
    });
  });

  describe("full mailbox", () => {
    it("never throws into the sender, and counts and keeps what it drops", async () => {
      const world = new ActorWorld();
      const dropped: string[] = [];
      const mailbox = { capacity: 3, onDropped: (message: Probe) => dropped.push(message.type) };
      const ref = world.system.spawn(probe([], { mailbox }));
      for (let i = 0; i < 10; i++) ref.tell({ type: "note", text: String(i) });
      assert.equal(world.system.deadLetters.count("mailbox_full"), 7);
      assert.equal(world.system.tree()[0]?.dropped, 7);
      assert.equal(dropped.length, 7);
      assert.deepEqual(world.system.deadLetters.recent()[0], {
        to: "probe",
        messageType: "note",
        reason: "mailbox_full",
        atWallMs: world.clock.wallMs(),
      });
    });

    it("raises the alarm once and clears it when the mailbox is short again", async () => {
      const world = new ActorWorld({ alarmLength: 10 });
      const events: ActorEvent[] = [];
      world.system.onEvent((event) => events.push(event));
      const ref = world.system.spawn(probe([]));
      for (let i = 0; i < 50; i++) ref.tell({ type: "note", text: "" });
      await world.settle();
      assert.deepEqual(
        events.map((event) => event.type),
        ["mailboxAlarmRaised", "mailboxAlarmCleared"],
      );
    });
  });

  describe("crash", () => {
    it("restarts the actor after the pause, tells it, and keeps the waiting messages", async () => {
      const world = new ActorWorld();
      const seen: string[] = [];
      const events: string[] = [];
      world.system.onEvent((event) => events.push(event.type));
      const ref = world.system.spawn(probe(seen));
      ref.tell({ type: "crash" });
      ref.tell({ type: "note", text: "after" });
      await world.settle();
      const failed = world.system.tree()[0];
      assert.equal(failed?.status, "failed");
      assert.equal(failed.lastError, "told to crash");
      await world.advance(110);
      assert.deepEqual(seen, ["after"]);
      assert.deepEqual(events, ["actorCrashed", "actorRestarted"]);
      const report = world.system.tree()[0];
      assert.equal(report?.restarts, 1);
      assert.deepEqual(report.crashes, [
        { atWallMs: Date.UTC(2026, 0, 1), error: "told to crash", action: "restart", delayMs: 100 },
      ]);
    });

    it("leaves no zombie when the constructor throws", async () => {
      const world = new ActorWorld();
      let made = 0;
      const ref = world.system.spawn<Probe>({
        ...probe([]),
        restart: { budget: 2 },
        create: () => {
          made++;
          throw new Error("no port");
        },
      });
      ref.tell({ type: "note", text: "lost" });
      await world.advance(1000);
      assert.equal(made, 3);
      const report = world.system.tree()[0];
      assert.equal(report?.status, "failed");
      assert.equal(report.lastError, "no port");
      assert.equal(report.mailboxLength, 0);
      assert.equal(world.system.deadLetters.total, 1);
      assert.equal(world.clock.timers.armedCount, 0);
      // Its name is free again.
      world.system.spawn(probe([]));
    });

    it("frees what a start that throws had taken", async () => {
      const world = new ActorWorld();
      const calls: string[] = [];
      world.system.spawn<Probe>({
        ...probe([]),
        restart: NEVER_RESTART,
        create: () => ({
          start: async () => {
            calls.push("start");
            throw new Error("half way");
          },
          receive: () => {},
          stop: () => {
            calls.push("stop");
          },
        }),
      });
      await world.settle();
      assert.deepEqual(calls, ["start", "stop"]);
      assert.equal(world.system.tree()[0]?.status, "failed");
    });

    it("counts a start that hangs as a crash", async () => {
      const world = new ActorWorld();
      world.system.spawn<Probe>({
        ...probe([]),
        restart: NEVER_RESTART,
        startTimeoutMs: 100,
        create: () => ({ start: () => new Promise(() => {}), receive: () => {} }),
      });
      await world.advance(120);
      assert.equal(world.system.tree()[0]?.lastError, "did not start within 100 ms");
    });

    it("uses up only the restarts of the child that crashes", async () => {
      const world = new ActorWorld();
      const seen: string[] = [];
      const restart = { budget: 1, initialDelayMs: 10 };
      const bad = world.system.spawn(probe([], { name: "bad", restart }));
      const good = world.system.spawn(probe(seen, { name: "good", restart }));
      for (let i = 0; i < 3; i++) bad.tell({ type: "crash" });
      await world.advance(100);
      good.tell({ type: "crash" });
      good.tell({ type: "note", text: "still here" });
      await world.advance(100);
      const tree = world.system.tree();
      assert.deepEqual(
        tree.map((actor) => [actor.id, actor.status, actor.restarts]),
        [
          ["bad", "failed", 1],
          ["good", "running", 1],
        ],
      );
      assert.deepEqual(seen, ["still here"]);
    });

    it("keeps the stash over a restart, ahead of the mailbox", async () => {
      const world = new ActorWorld();
      const seen: string[] = [];
      const ref = world.system.spawn(probe(seen));
      ref.tell({ type: "keep", text: "one" });
      ref.tell({ type: "crash" });
      ref.tell({ type: "note", text: "two" });
      await world.advance(200);
      assert.deepEqual(seen, ["kept one", "kept one", "two"]);
    });

    it("takes effect from outside receive by escalate, once", async () => {
      const world = new ActorWorld();
      const contexts: ActorContext<Probe>[] = [];
      world.system.spawn<Probe>({
        ...probe([]),
        create: (context) => {
          contexts.push(context);
          return new ProbeActor(context, []);
        },
      });
      contexts[0]?.escalate(new Error("promise failed"));
      contexts[0]?.escalate(new Error("again"));
      await world.advance(200);
      contexts[0]?.escalate(new Error("from the grave"));
      await world.settle();
      const report = world.system.tree()[0];
      assert.equal(report?.status, "running");
      assert.equal(report.restarts, 1);
      assert.equal(report.lastError, "promise failed");
    });

    it("cancels the timers of the crashed instance", async () => {
      const world = new ActorWorld();
      const seen: string[] = [];
      const ref = world.system.spawn(probe(seen));
      ref.tell({ type: "later", delayMs: 500 });
      ref.tell({ type: "crash" });
      await world.advance(1000);
      assert.deepEqual(seen, []);
    });
  });

  describe("stop", () => {
    it("finishes what waits, refuses what comes, and ends", async () => {
      const world = new ActorWorld();
      const seen: string[] = [];
      const ref = world.system.spawn(probe(seen));
      ref.tell({ type: "note", text: "before" });
      const stopped = world.system.stop(ref, 1000);
      ref.tell({ type: "note", text: "after" });
      await world.settle();
      await stopped;
      assert.deepEqual(seen, ["before"]);
      assert.equal(world.system.deadLetters.count("stopped"), 1);
      assert.deepEqual(world.system.tree(), []);
    });

    it("handles stashed messages rather than losing them", async () => {
      const world = new ActorWorld();
      const seen: string[] = [];
      const ref = world.system.spawn(probe(seen));
      ref.tell({ type: "keep", text: "one" });
      await world.settle();
      const stopped = world.system.stop(ref, 100);
      await world.advance(200);
      await stopped;
      // Kept again by the actor, it ends as a counted dead letter.
      assert.deepEqual(seen, ["kept one", "kept one"]);
      assert.equal(world.system.deadLetters.count("stopped"), 1);
    });

    it("cuts off an actor that hangs, at the deadline and without spinning", async () => {
      const world = new ActorWorld();
      const ref = world.system.spawn(probe([]));
      ref.tell({ type: "hang" });
      await world.settle();
      let done = false;
      void world.system.stop(ref, 100).then(() => {
        done = true;
      });
      await world.settle();
      assert.equal(world.waitingTurns, 0);
      await world.advance(90);
      assert.equal(done, false);
      await world.advance(40);
      assert.equal(done, true);
      assert.equal(world.clock.timers.armedCount, 0);
    });

    it("ends an actor that waits for its restart", async () => {
      const world = new ActorWorld();
      const ref = world.system.spawn(probe([]));
      ref.tell({ type: "crash" });
      await world.settle();
      await Promise.all([world.system.stop(ref, 100), world.advance(20)]);
      await world.advance(1000);
      assert.deepEqual(world.system.tree(), []);
      assert.equal(world.clock.timers.armedCount, 0);
    });

    it("keeps the whole shutdown within one deadline, however many hang", async () => {
      const world = new ActorWorld();
      for (const name of ["a", "b", "c"]) {
        const ref = world.system.spawn(probe([], { name }));
        ref.tell({ type: "hang" });
      }
      await world.settle();
      let done = false;
      void world.system.shutdown(500).then(() => {
        done = true;
      });
      await world.advance(500);
      assert.equal(done, true);
    });

    it("stops children before their parent", async () => {
      const world = new ActorWorld();
      const order: string[] = [];
      const spec = (name: string, child?: ActorSpec<Probe>): ActorSpec<Probe> => ({
        name,
        kind: "probe",
        create: (context) => {
          if (child !== undefined) context.spawn(child);
          return {
            receive: () => {},
            stop: () => {
              order.push(name);
            },
          };
        },
      });
      world.system.spawn(spec("top", spec("middle", spec("leaf"))));
      assert.equal(world.system.tree()[0]?.children[0]?.children[0]?.id, "top/middle/leaf");
      const done = world.system.shutdown(1000);
      await world.settle();
      assert.equal(await done, "clean");
      assert.deepEqual(order, ["leaf", "middle", "top"]);
    });
  });

  describe("death watch", () => {
    it("reports an end once, and a restart not at all", async () => {
      const world = new ActorWorld();
      const seen: string[] = [];
      const watched = world.system.spawn(probe([], { name: "watched" }));
      world.system.spawn<Probe>({
        ...probe(seen),
        create: (context) => {
          context.watch(watched, (end) => ({ type: "childEnded", end }));
          return new ProbeActor(context, seen);
        },
      });
      watched.tell({ type: "crash" });
      await world.advance(200);
      assert.deepEqual(seen, []);
      await Promise.all([world.system.stop(watched, 100), world.advance(20)]);
      assert.deepEqual(seen, ["watched stopped"]);
    });

    it("reports an end that has happened already", async () => {
      const world = new ActorWorld();
      const watched = world.system.spawn(probe([], { name: "watched", restart: NEVER_RESTART }));
      watched.tell({ type: "crash" });
      await world.settle();
      const ends: ActorEnd[] = [];
      watched.watch((end) => ends.push(end));
      assert.deepEqual(ends, [{ id: "watched", reason: "failed", error: "told to crash" }]);
    });
  });

  describe("inspection", () => {
    it("keeps the last messages with their times and outcome", async () => {
      const world = new ActorWorld({ recentMessages: 2 });
      const ref = world.system.spawn(probe([], { mailbox: { sizeBytes: (m) => (m.type === "note" ? 7 : undefined) } }));
      ref.tell({ type: "double", value: 1 });
      ref.tell({ type: "note", text: "a" });
      world.clock.advance(30);
      ref.tell({ type: "crash" });
      await world.settle();
      const wall = { atWallMs: world.clock.wallMs() };
      assert.deepEqual(world.system.recentMessages("probe"), [
        { messageType: "note", sizeBytes: 7, waitMs: 30, handleMs: 0, outcome: "handled", ...wall },
        { messageType: "crash", sizeBytes: undefined, waitMs: 0, handleMs: 0, outcome: "failed", ...wall },
      ]);
    });

    it("traces only the actors asked for, until the trace ends", async () => {
      const world = new ActorWorld();
      const one = world.system.spawn(probe([], { name: "one" }));
      const two = world.system.spawn(probe([], { name: "two" }));
      const trace = world.system.startTrace(["one"], { maxPerSecond: 100 });
      one.tell({ type: "note", text: "a" });
      two.tell({ type: "note", text: "b" });
      await world.settle();
      world.system.endTrace();
      one.tell({ type: "note", text: "c" });
      await world.settle();
      assert.deepEqual(
        trace.events().map((event) => `${event.actorId} ${event.what}`),
        ["one queued", "one handled"],
      );
      assert.equal(world.system.find("one")?.trace, undefined);
    });

    it("shows attributes, the age of the oldest message and remote actors", async () => {
      const world = new ActorWorld();
      const ref = world.system.spawn<Probe>({
        ...probe([]),
        create: (context) => {
          context.setAttribute("snapshotVersion", 42);
          return new ProbeActor(context, []);
        },
      });
      ref.tell({ type: "note", text: "a" });
      world.clock.advance(50);
      const [report] = world.system.tree();
      assert.ok(report);
      assert.deepEqual(report.attributes, { snapshotVersion: 42 });
      assert.equal(report.oldestMessageAgeMs, 50);
      const detach = world.system.attachRemote("probe", "far", () => ({ ...report, id: "probe/far", thread: "other" }));
      assert.deepEqual(
        world.system.tree()[0]?.children.map((child) => child.thread),
        ["other"],
      );
      detach();
      assert.deepEqual(world.system.tree()[0]?.children, []);
    });

    it("counts a message the actor does not know as a dead letter", async () => {
      const world = new ActorWorld();
      const ref = world.system.spawn<Probe>({
        ...probe([]),
        create: (context) => ({ receive: (message) => context.unhandled(message) }),
      });
      ref.tell({ type: "note", text: "?" });
      await world.settle();
      assert.equal(world.system.deadLetters.count("unhandled"), 1);
      assert.equal(world.system.recentMessages("probe")[0]?.outcome, "unhandled");
    });
  });
});
