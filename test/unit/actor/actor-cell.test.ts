import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ActorContext, ActorSpec } from "../../../src/actor/actor.ts";
import { NEVER_RESTART } from "../../../src/actor/supervision.ts";
import { ActorWorld } from "../../harness/actor-world.ts";
import { type Probe, ProbeActor, probe } from "../../harness/probe-actor.ts";

describe("ActorCell", () => {
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
});
