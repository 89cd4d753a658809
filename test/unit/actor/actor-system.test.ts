import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ActorEvent } from "../../../src/actor/actor-event.ts";
import type { ActorEnd } from "../../../src/actor/actor-ref.ts";
import type { AskError } from "../../../src/actor/ask-error.ts";
import { NEVER_RESTART } from "../../../src/actor/supervision.ts";
import { ActorWorld } from "../../harness/actor-world.ts";
import { type Probe, ProbeActor, probe } from "../../harness/probe-actor.ts";

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
      assert.equal(world.system.find("one")?.ledger.trace, undefined);
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
      const detach = world.system.attachRemote("probe", "far", {
        root: "far",
        report: () => ({ ...report, id: "probe/far", thread: "other" }),
        history: () => [],
        control: undefined,
        probe: undefined,
      });
      assert.deepEqual(
        world.system.tree()[0]?.children.map((child) => child.thread),
        ["other"],
      );
      detach();
      assert.deepEqual(world.system.tree()[0]?.children, []);
    });

    it("keeps the histories of the last 16 actors of other threads that have left", () => {
      const { system } = new ActorWorld();
      const leave = (name: string): void => {
        const history = () => [{ atWallMs: 1, event: "drained", detail: name }];
        const control = undefined;
        system.attachRemote("", name, {
          root: name,
          report: () => assert.fail(),
          history,
          control,
          probe: undefined,
        })();
      };
      for (let i = 0; i <= 16; i++) leave(`far-${i}`);
      assert.equal(system.departedHistory("far-0"), undefined);
      assert.deepEqual(
        ["far-1", "far-16"].map((id) => system.departedHistory(id)?.[0]?.detail),
        ["far-1", "far-16"],
      );
      leave("far-1");
      leave("far-17");
      assert.deepEqual(
        ["far-1", "far-2"].map((id) => system.departedHistory(id)?.[0]?.detail),
        ["far-1", undefined],
      );
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
