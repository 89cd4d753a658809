import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { afterEach, describe, it } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { freePort } from "../../../harness/free-port.ts";
import { until, untilAsked } from "../../../harness/until.ts";
import { closed, echoed, type Greeted, greeted, PATIENCE_MS, SupervisedWorld } from "./fixtures/supervised-world.ts";

const one = (text: string) => ({ listeners: [{ name: "one", text }] });

describe("Supervisor", () => {
  let world: SupervisedWorld;
  afterEach(() => world.end());

  describe("reload", () => {
    it("brings a configuration in force on all workers", async () => {
      world = new SupervisedWorld(2);
      const outcome = await world.reload(one("hello"));
      assert.equal(outcome.outcome, "accepted");
      assert.equal(outcome.version, 1);
      assert.deepEqual(outcome.changes.added, [{ kind: "listener", name: "one" }]);
      assert.deepEqual(await world.inspect("resources"), [["listener one"], ["listener one"]]);
      const client = await greeted(await world.port("one"));
      assert.equal(client.text, "hello");
      assert.equal(await echoed(client, "ping"), "ping");
      await closed(client);
    });

    it("sends only what changed and leaves connections alone", async () => {
      world = new SupervisedWorld(1);
      await world.reload({
        listeners: [
          { name: "one", text: "a" },
          { name: "two", text: "b" },
        ],
      });
      const before = await greeted(await world.port("one"));
      const outcome = await world.reload({
        listeners: [
          { name: "one", text: "c" },
          { name: "three", text: "d" },
        ],
      });
      assert.equal(outcome.outcome, "accepted");
      assert.deepEqual(outcome.changes, {
        added: [{ kind: "listener", name: "three" }],
        changed: [{ kind: "listener", name: "one" }],
        removed: [{ kind: "listener", name: "two" }],
      });
      assert.equal(await echoed(before, "still"), "still");
      const after = await greeted(await world.port("one"));
      assert.equal(after.text, "c");
      assert.deepEqual(await world.inspect("resources"), [["listener one", "listener three"]]);
      await Promise.all([closed(before), closed(after)]);
    });

    it("does nothing for the same configuration", async () => {
      world = new SupervisedWorld(1);
      await world.reload(one("a"));
      assert.deepEqual(await world.reload(one("a")), { outcome: "unchanged", version: 1, warnings: [] });
    });

    it("is refused whole when one worker can't, and rolls back the others", async () => {
      world = new SupervisedWorld(2);
      await world.reload(one("good"));
      const bad = {
        listeners: [
          { name: "one", text: "bad" },
          { name: "two", text: "bad" },
        ],
      };
      const outcome = await world.reload({ ...bad, poison: { worker: "worker-2", how: "refuse" } });
      assert.deepEqual(outcome, {
        outcome: "refused",
        refusals: [{ worker: "worker-2", reason: "poisoned", problem: undefined }],
      });
      assert.deepEqual(await world.inspect("resources"), [["listener one"], ["listener one"]]);
      assert.equal(await world.port("two"), 0);
      // Nothing is left prepared, and the number of the refused version is not used again.
      const next = await world.reload(one("better"));
      assert.equal(next.outcome, "accepted");
      assert.equal(next.version, 3);
      const status = await world.supervisor.ask({ type: "getStatus" }, PATIENCE_MS);
      assert.deepEqual(
        status.history.map((record) => [record.version, record.outcome]),
        [
          [1, "accepted"],
          [2, "refused"],
          [3, "accepted"],
        ],
      );
      assert.deepEqual(
        status.workers.map((worker) => worker.version),
        [3, 3],
      );
    });

    it("is refused with the problems of a configuration that is wrong, and keeps the old one", async () => {
      world = new SupervisedWorld(1);
      await world.reload(one("good"));
      const outcome = await world.reload({ listeners: [], error: "no listeners" });
      assert.equal(outcome.outcome, "refused");
      assert.equal(outcome.refusals[0]?.problem?.message, "no listeners");
      const client = await greeted(await world.port("one"));
      assert.equal(client.text, "good");
      await closed(client);
      assert.deepEqual(
        world.events.filter((event) => event.type.startsWith("snapshot")).map((event) => event.type),
        ["snapshotAccepted", "snapshotRefused"],
      );
    });

    it("is refused when a port is taken by another process, naming the listener and the address", async () => {
      world = new SupervisedWorld(2);
      const port = freePort();
      const other = createServer().listen(port, "127.0.0.1");
      await once(other, "listening");
      const outcome = await world.reload({ listeners: [{ name: "one", text: "a", port }] });
      assert.equal(outcome.outcome, "refused");
      assert.match(
        outcome.refusals[0]?.reason ?? "",
        /^cannot bind 127\.0\.0\.1:\d+ for listener "one": address already in use$/,
      );
      other.close();
      assert.equal((await world.reload({ listeners: [{ name: "one", text: "a", port }] })).outcome, "accepted");
    });

    it("is refused when a worker crashes over it, and the restarted worker serves the version before", async () => {
      world = new SupervisedWorld(2);
      await world.reload(one("good"));
      const outcome = await world.reload({ ...one("bad"), poison: { worker: "worker-1", how: "crash" } });
      assert.equal(outcome.outcome, "refused");
      assert.equal(outcome.refusals[0]?.worker, "worker-1");
      await world.event("workerStarted", 3);
      assert.deepEqual(await world.inspect("resources"), [["listener one"], ["listener one"]]);
    });

    it("stays in force when a worker fails to commit it: that worker is restarted", async () => {
      world = new SupervisedWorld(2);
      await world.reload(one("a"));
      const outcome = await world.reload({ ...one("b"), poison: { worker: "worker-2", how: "failCommit" } });
      assert.equal(outcome.outcome, "accepted");
      await world.event("workerCrashed");
      const crashed = world.events.find((event) => event.type === "workerCrashed");
      assert.equal(crashed?.worker, "worker-2");
      assert.match(crashed.crash.error, /failed to commit/);
      const { version, workers } = await world.supervisor.ask({ type: "getStatus" }, PATIENCE_MS);
      assert.equal(version, 2);
      assert.equal(workers[0]?.version, 2);
    });

    it("takes only the newest of the requests that wait", async () => {
      world = new SupervisedWorld(1);
      await world.reload(one("zero"));
      const gate = Promise.withResolvers<void>();
      world.compiler.gate = gate.promise;
      const running = world.reload(one("first"));
      while (world.compiler.compilations < 2) await world.supervisor.ask({ type: "getStatus" }, PATIENCE_MS);
      const superseded = world.reload(one("second"));
      const newest = world.reload(one("third"));
      gate.resolve();
      const outcomes = await Promise.all([running, superseded, newest]);
      assert.deepEqual(
        outcomes.map((outcome) => (outcome.outcome === "accepted" ? outcome.version : 0)),
        [2, 3, 3],
      );
      assert.equal(world.compiler.compilations, 3);
    });

    it("says beforehand what it would change and drain", async () => {
      world = new SupervisedWorld(1);
      await world.reload(one("a"));
      const client = await greeted(await world.port("one"));
      const source = { label: "echo", text: JSON.stringify(one("b")) };
      const outcome = await world.supervisor.ask({ type: "dryRun", source }, PATIENCE_MS);
      assert.deepEqual(outcome, {
        outcome: "valid",
        changes: { added: [], changed: [{ kind: "listener", name: "one" }], removed: [] },
        warnings: [],
        drains: [{ worker: "worker-1", answered: true, value: 1 }],
      });
      assert.deepEqual(await world.reload(one("a")), { outcome: "unchanged", version: 1, warnings: [] });
      await closed(client);
    });
  });

  describe("crash of a worker", () => {
    it("restarts it with the latest version and touches no other worker", async () => {
      world = new SupervisedWorld(2);
      await world.reload(one("a"));
      await world.reload(one("b"));
      await world.event("workerStarted", 2);
      const port = await world.port("one");
      const clients = await clientsOnBoth(port);
      const lost = clients
        .filter((client) => client.worker === "worker-1")
        .map((client) => once(client.socket, "close"));
      assert.equal(await world.supervisor.ask({ type: "crashWorker", worker: "worker-1" }, PATIENCE_MS), true);
      await Promise.all(lost);
      await world.event("workerStarted", 3);
      for (const client of clients) if (client.worker === "worker-2") assert.equal(await echoed(client, "on"), "on");
      const status = await world.supervisor.ask({ type: "getStatus" }, PATIENCE_MS);
      assert.deepEqual(
        status.workers.map(({ worker, version, restarts, lastError }) => ({ worker, version, restarts, lastError })),
        [
          { worker: "worker-1", version: 2, restarts: 1, lastError: "told to crash" },
          { worker: "worker-2", version: 2, restarts: 0, lastError: undefined },
        ],
      );
      const again = await clientsOnBoth(port);
      assert.equal(again[0]?.text, "b");
      await Promise.all([...clients, ...again].map(closed));
    });

    it("ends in giving up when it goes on, while the others serve", async () => {
      world = new SupervisedWorld(2);
      await world.reload(one("a"));
      await world.event("workerStarted", 2);
      for (let crash = 1; crash <= 4; crash++) {
        await world.supervisor.ask({ type: "crashWorker", worker: "worker-1" }, PATIENCE_MS);
        await world.event("workerCrashed", crash);
        if (crash < 4) await world.event("workerStarted", 2 + crash);
      }
      await world.event("workerFailed");
      assert.equal((await world.reload(one("b"))).outcome, "accepted");
      const client = await greeted(await world.port("one"));
      assert.deepEqual([client.worker, client.text], ["worker-2", "b"]);
      await closed(client);
      const report = world.system.tree()[0]?.children.find((child) => child.id === "supervisor/worker-1");
      assert.equal(report?.status, "failed");
      assert.equal(report.crashes.at(-1)?.action, "give_up");
      assert.equal(
        world.events.some(({ type }) => type === "allWorkersFailed"),
        false,
      );
    });
  });

  describe("number of workers", () => {
    it("changes up and down under connecting clients without one failed connection", async () => {
      world = new SupervisedWorld(1);
      await world.reload(one("a"));
      const port = await world.port("one");
      const load = new ConnectLoad(port, 8);
      for (const count of [4, 1, 3, 2, 4, 1]) {
        const changed = await world.supervisor.ask({ type: "setWorkerCount", count }, PATIENCE_MS);
        assert.equal(changed.after, count);
        await load.completions(100);
      }
      await load.stop();
      assert.deepEqual(load.failures, []);
      const { listeners } = await world.supervisor.ask({ type: "getStatus" }, PATIENCE_MS);
      const sockets = listeners[0]?.holders.reduce((total, holder) => total + holder.sockets, 0);
      assert.equal(sockets, 4);
    });

    it("lets the connections of a leaving worker finish and counts what they did", async () => {
      world = new SupervisedWorld(2);
      await world.reload(one("a"));
      await world.event("workerStarted", 2);
      const clients = await clientsOnBoth(await world.port("one"));
      await world.supervisor.ask({ type: "setWorkerCount", count: 1 }, PATIENCE_MS);
      const leaving = clients.filter((client) => client.worker === "worker-2");
      for (const client of leaving) assert.equal(await echoed(client, "late"), "late");
      await Promise.all(clients.map(closed));
      await world.event("workerStopped");
      await world.supervisor.ask({ type: "collectStats", deadlineMs: PATIENCE_MS / 2 }, PATIENCE_MS);
      assert.equal(world.accepted, clients.length);
    });

    it("loses no listening socket to a leaving worker that hands over late", async () => {
      world = new SupervisedWorld(2, { drainMs: 100, immediate: true }, 200);
      await world.reload(one("a"));
      await world.event("workerStarted", 2);
      await world.supervisor.ask({ type: "blockWorker", worker: "worker-2", ms: 600 }, PATIENCE_MS);
      await world.supervisor.ask({ type: "setWorkerCount", count: 1 }, PATIENCE_MS);
      await world.event("workerStopped");
      assert.deepEqual(await world.inspect("servers"), [["one", "one"]]);
      const { listeners } = await world.supervisor.ask({ type: "getStatus" }, PATIENCE_MS);
      assert.deepEqual(listeners[0]?.holders, [{ worker: "worker-1", sockets: 2 }]);
    });

    it("gives later workers the settings that were broadcast before", async () => {
      world = new SupervisedWorld(1);
      await world.reload(one("a"));
      world.supervisor.tell({ type: "broadcast", message: { type: "setHealthCheckFailed", failed: true } });
      await world.supervisor.ask({ type: "setWorkerCount", count: 2 }, PATIENCE_MS);
      assert.deepEqual(await world.inspect("health"), [true, true]);
    });

    it("replaces workers that were given up", async () => {
      world = new SupervisedWorld(1);
      await world.reload(one("a"));
      for (let crash = 1; crash <= 4; crash++) {
        await world.event("workerStarted", crash);
        await world.supervisor.ask({ type: "crashWorker", worker: "worker-1" }, PATIENCE_MS);
      }
      await world.event("workerFailed");
      await world.event("allWorkersFailed");
      assert.deepEqual(await world.reload(one("b")), {
        outcome: "refused",
        refusals: [{ worker: "", reason: "no worker is left to serve it", problem: undefined }],
      });
      await world.supervisor.ask({ type: "setWorkerCount", count: 1 }, PATIENCE_MS);
      const client = await greeted(await world.port("one"));
      assert.equal(client.text, "a");
      await closed(client);
    });

    it("refuses numbers that make no sense", async () => {
      world = new SupervisedWorld(1);
      for (const count of [0, -1, 1.5, 100_000]) {
        await assert.rejects(world.supervisor.ask({ type: "setWorkerCount", count }, PATIENCE_MS), {
          reason: "refused",
        });
      }
    });
  });

  describe("blocked worker", () => {
    async function block(ms: number): Promise<void> {
      assert.equal(await world.supervisor.ask({ type: "blockWorker", worker: "worker-1", ms }, PATIENCE_MS), true);
    }
    const workers = () => world.system.tree()[0]?.children ?? [];

    it("is shown as not answering, and holds up neither the tree nor the stats nor the inspection", async () => {
      world = new SupervisedWorld(2);
      await world.reload(one("a"));
      await world.event("workerStarted", 2);
      await block(PATIENCE_MS);
      // On a machine that is held up the other one may not answer in time either.
      await untilAsked("stats of the other", async () => {
        const stats = await world.supervisor.ask({ type: "collectStats", deadlineMs: 300 }, PATIENCE_MS);
        const [one, two] = stats.toSorted((a, b) => a.worker.localeCompare(b.worker));
        assert.deepEqual(one, { worker: "worker-1", answered: false, reason: "no stats within 300 ms" });
        return isDeepStrictEqual(two, { worker: "worker-2", answered: true, value: undefined });
      });
      const inspect = { type: "inspectWorkers", query: { view: "servers" }, deadlineMs: 100 } as const;
      await untilAsked("a view of the other", async () => {
        const views = await world.supervisor.ask(inspect, PATIENCE_MS);
        assert.equal(views[0]?.answered, false);
        return views[1]?.answered === true;
      });
      let seen = workers();
      await until("reports of the other only", () => {
        seen = workers();
        return seen[0]?.answering === false && seen[1]?.answering === true;
      });
      assert.deepEqual(
        seen.map(({ id, status }) => [id, status]),
        [
          ["supervisor/worker-1", "running"],
          ["supervisor/worker-2", "running"],
        ],
      );
      assert.ok((seen[0]?.reportAgeMs ?? 0) >= 150);
      const shutdown = { type: "shutdown", drainMs: 0, immediate: true, deadlineMs: 100 } as const;
      await world.supervisor.ask(shutdown, PATIENCE_MS);
    });

    it("is shown as answering when it goes on", async () => {
      world = new SupervisedWorld(2);
      await world.reload(one("a"));
      await world.event("workerStarted", 2);
      // A main thread that is held up for as long as the worker sees nothing of it.
      for (let ms = 300, seen = false; !seen; ms *= 2) {
        await block(ms);
        let over = false;
        const answered = world.inspect("servers").then(() => {
          over = true;
        });
        await until("reports to be missed, or its answer", () => {
          seen = workers()[0]?.answering === false;
          return seen || over;
        });
        await answered;
      }
      await until("its report", () => workers()[0]?.answering === true);
    });
  });

  describe("exact balance", () => {
    it("hands accepted connections out evenly", async () => {
      world = new SupervisedWorld(2);
      await world.reload({ listeners: [{ name: "one", text: "a", exact: true }] });
      const port = await world.port("one");
      const clients: Greeted[] = [];
      for (let i = 0; i < 10; i++) clients.push(await greeted(port));
      assert.equal(clients.filter((client) => client.worker === "worker-1").length, 5);
      assert.equal(await echoed(clients[0]!, "ping"), "ping");
      await Promise.all(clients.map(closed));
    });
  });

  describe("shutdown", () => {
    it("ends by its deadline although a worker is blocked", async () => {
      world = new SupervisedWorld(2);
      await world.reload(one("a"));
      await world.event("workerStarted", 2);
      await world.supervisor.ask({ type: "blockWorker", worker: "worker-1", ms: 60_000 }, PATIENCE_MS);
      const shutdown = { type: "shutdown", drainMs: 100, immediate: true, deadlineMs: 500 } as const;
      await world.supervisor.ask(shutdown, PATIENCE_MS);
      assert.deepEqual(world.system.tree()[0]?.children, []);
      await assert.rejects(world.reload(one("b")), /shutting down/);
    });
  });
});

/** Connects until both workers have clients. */
async function clientsOnBoth(port: number): Promise<Greeted[]> {
  const clients: Greeted[] = [];
  while (new Set(clients.map((client) => client.worker)).size < 2) clients.push(await greeted(port));
  return clients;
}

/** Connects, echoes and disconnects on several lanes until told to stop. */
class ConnectLoad {
  readonly failures: string[] = [];
  #completed = 0;
  #running = true;
  #onCompleted: () => void = () => {};
  readonly #lanes: Promise<void>[];

  constructor(port: number, lanes: number) {
    this.#lanes = Array.from({ length: lanes }, () => this.#lane(port));
  }

  /** Resolves when so many more have come back. */
  async completions(count: number): Promise<void> {
    const target = this.#completed + count;
    while (this.#completed < target && this.failures.length === 0) {
      await new Promise<void>((resolve) => {
        this.#onCompleted = resolve;
      });
    }
  }

  async stop(): Promise<void> {
    this.#running = false;
    await Promise.all(this.#lanes);
  }

  async #lane(port: number): Promise<void> {
    while (this.#running) {
      try {
        const client = await greeted(port);
        if ((await echoed(client, "ping")) !== "ping") throw new Error("wrong echo");
        await closed(client);
      } catch (error) {
        this.failures.push(String(error));
      }
      this.#completed++;
      this.#onCompleted();
    }
  }
}
