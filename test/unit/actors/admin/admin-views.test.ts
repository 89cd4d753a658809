import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { adminViews } from "../../../../actors/admin/admin-views.ts";
import { ServerCondition } from "../../../../actors/admin/server-condition.ts";
import type { MembershipMessage } from "../../../../actors/membership/protocol.ts";
import type { StatsMessage } from "../../../../actors/stats/protocol.ts";
import type {
  DryRunOutcome,
  ReloadOutcome,
  SupervisorMessage,
  SupervisorStatus,
  WorkerStatus,
} from "../../../../actors/supervisor/protocol.ts";
import { jsonResponse } from "../../../../src/admin/admin-handler.ts";
import { ExplainPool } from "../../../../src/admin/explain/explain-pool.ts";
import { HistogramBuckets } from "../../../../src/stats/histogram-buckets.ts";
import { ProcessMetrics } from "../../../../src/stats/process-metrics.ts";
import { StatsMerge } from "../../../../src/stats/stats-merge.ts";
import { TagProducer } from "../../../../src/stats/tag/tag-producer.ts";
import { ActorWorld } from "../../../harness/actor-world.ts";
import { SampleProxy } from "../../../harness/sample-admin-views.ts";

function worker(name: string, changes: Partial<WorkerStatus> = {}): WorkerStatus {
  return {
    worker: name,
    number: 1,
    status: "running",
    version: 3,
    restarts: 0,
    lastError: undefined,
    crashes: [],
    answering: true,
    reportAgeMs: 10,
    ...changes,
  };
}

/** The views over a supervisor and a stats actor that answer as a test says. */
function setUp() {
  const world = new ActorWorld();
  const told: SupervisorMessage[] = [];
  const toldStats: StatsMessage[] = [];
  const script = {
    status: {
      version: 3,
      reloading: false,
      workers: [worker("worker-1")],
      listeners: [],
      history: [],
      attempts: { accepted: 0, unchanged: 0, refused: 0 },
    } as SupervisorStatus,
    reload: { outcome: "unchanged", version: 3, warnings: [] } as ReloadOutcome,
    dryRun: { outcome: "refused", refusals: [] } as DryRunOutcome,
  };
  const supervisor = world.system.spawn<SupervisorMessage>({
    name: "supervisor",
    kind: "supervisor",
    create: (context) => ({
      receive(message) {
        told.push(message);
        if (message.type === "getStatus") context.reply(message, script.status);
        else if (message.type === "reload") context.reply(message, script.reload);
        else if (message.type === "dryRun") context.reply(message, script.dryRun);
        else if (message.type === "collectStats") context.reply(message, []);
        else if (message.type === "crashWorker") context.reply(message, message.worker === "worker-1");
        else if (message.type === "inspectWorkers") {
          context.reply(message, [{ worker: "worker-1", answered: false, reason: "busy" }]);
        }
      },
    }),
  });
  const stats = world.system.spawn<StatsMessage>({
    name: "stats",
    kind: "stats",
    create: (context) => ({
      receive(message) {
        toldStats.push(message);
        if (message.type === "bringUpToDate") context.reply(message, { type: "upToDate" });
      },
    }),
  });
  const membership = world.system.spawn<MembershipMessage>({
    name: "membership",
    kind: "membership",
    create: (context) => ({
      receive(message) {
        if (message.type === "listMembers") context.reply(message, []);
        if (message.type !== "inspectMembership") return;
        context.reply(message, [
          {
            cluster: "b",
            state: "warming",
            phase: "secondary",
            awaits: "primary clusters",
            version: 1,
            hosts: 0,
            pendingChecks: 0,
            flaggedHosts: [],
            outlier: null,
            discovery: {},
          },
          {
            cluster: "a",
            state: "active",
            phase: "primary",
            awaits: null,
            version: 1,
            hosts: 2,
            pendingChecks: 0,
            flaggedHosts: [],
            outlier: null,
            discovery: {},
          },
        ]);
      },
    }),
  });
  const condition = new ServerCondition();
  const sample = new SampleProxy();
  const proxy = adminViews({
    system: world.system,
    supervisor,
    stats,
    membership,
    merge: new StatsMerge(),
    tags: () => new TagProducer([], true),
    buckets: () => new HistogramBuckets([]),
    flushStatsOnAdmin: false,
    processMetrics: new ProcessMetrics(),
    condition,
    clock: world.clock,
    timers: world.clock.timers,
    drainTimeMs: 1000,
    startedMs: 0,
    version: "v",
    commandLineOptions: {},
    node: () => ({}),
    configSource: () => ({ texts: [{ file: "troupe.yaml", content: "node: { id: n }" }] }),
    clusterUpdateTimes: () => new Map(),
    dump: async (task) => jsonResponse(200, task),
    explainPool: new ExplainPool(),
    clusters: () => [],
    tlsContexts: () => [],
    logging: sample.views.logging,
    runtime: sample.views.runtime,
    sourceLabel: "troupe.yaml",
    quit: () => sample.calls.push("quit"),
    reopenLogs: () => sample.calls.push("reopenLogs"),
  });
  /** Lets the actors work until the answer is there. */
  const settled = async <T>(answer: T | Promise<T>): Promise<T> => {
    await world.settle();
    return answer;
  };
  const broadcasts = () => told.flatMap((message) => (message.type === "broadcast" ? [message.message] : []));
  return { world, told, toldStats, script, condition, sample, settled, broadcasts, ...proxy };
}

describe("Views over the supervisor", () => {
  it("show the workers, and name those that serve but don't answer", async () => {
    const { views, script, settled, notAnswering } = setUp();
    script.status = {
      ...script.status,
      workers: [
        worker("worker-1"),
        worker("worker-2", { answering: false, reportAgeMs: 4000, restarts: 1 }),
        worker("worker-3", { answering: false, status: "starting", reportAgeMs: undefined }),
      ],
    };
    const workers = await settled(views.workers.workers());
    assert.deepEqual(
      workers.map(({ name, answering, reportAgeMs }) => [name, answering, reportAgeMs]),
      [
        ["worker-1", true, 10],
        ["worker-2", false, 4000],
        ["worker-3", false, 0],
      ],
    );
    assert.deepEqual(await settled(notAnswering()), ["worker-2"]);
  });

  it("say what initialisation waits for: the configuration, and clusters, with their phase", async () => {
    const { views, condition, settled } = setUp();
    const clusters = [{ name: "Cluster b", targetNames: ["primary clusters (secondary)"] }];
    const server = [{ name: "Server", targetNames: ["snapshot 1"] }];
    assert.deepEqual(await settled(views.server.unreadyTargets()), [...server, ...clusters]);
    condition.configured();
    assert.deepEqual(await settled(views.server.unreadyTargets()), clusters);
    assert.deepEqual(
      (await settled(views.membership.clusters())).map(({ cluster }) => cluster),
      ["a", "b"],
    );
  });

  it("join the addresses of a listener", async () => {
    const { views, script, settled } = setUp();
    const address = (port: number) => ({ type: "ip", ip: "127.0.0.1", port }) as const;
    const state = "open" as const;
    const listeners = [1, 2].map((port) => ({
      key: `${port}`,
      listener: "a",
      address: address(port),
      holders: [],
      state,
    }));
    script.status = { ...script.status, listeners };
    assert.deepEqual(await settled(views.listeners.listeners()), [
      { name: "a", addresses: [address(1), address(2)], state },
    ]);
  });

  it("show what is in force and the last attempt", async () => {
    const { views, script, settled } = setUp();
    const record = {
      durationMs: 1,
      source: "troupe.yaml",
      changes: undefined,
      refusals: [],
      changeCounts: { added: 0, changed: 0, removed: 0 },
      warningCount: 0,
    };
    script.status = {
      ...script.status,
      attempts: { accepted: 4, unchanged: 2, refused: 3 },
      history: [
        { ...record, version: 3, atWallMs: 100, cause: "start", outcome: "accepted" },
        {
          ...record,
          version: undefined,
          atWallMs: 200,
          cause: "SIGHUP",
          outcome: "refused",
          refusals: [{ worker: "worker-1", reason: "port in use", problem: undefined }],
        },
      ],
    };
    const attempt = {
      atMs: 200,
      trigger: "SIGHUP",
      outcome: { type: "rejected", problems: ["worker-1: port in use"] },
    };
    assert.deepEqual(await settled(views.config.status()), {
      source: "troupe.yaml",
      version: 3,
      inForceSinceMs: 100,
      applied: 4,
      rejected: 3,
      reloading: false,
      lastAttempt: attempt,
      history: [{ atMs: 100, trigger: "start", outcome: { type: "applied", version: 3, changes: [] } }, attempt],
    });
  });

  it("say how many changes there were of which no name is kept", async () => {
    const { views, script, settled } = setUp();
    const changes = { added: [{ kind: "cluster", name: "a" }], changed: [], removed: [] } as const;
    const changeCounts = { added: 150, changed: 2, removed: 0 };
    const record = { durationMs: 1, source: "troupe.yaml", refusals: [], warningCount: 0, changes, changeCounts };
    script.status = {
      ...script.status,
      history: [{ ...record, version: 3, atWallMs: 100, cause: "start", outcome: "accepted" }],
    };
    const [attempt] = (await settled(views.config.status())).history;
    assert.deepEqual(attempt?.outcome, {
      type: "applied",
      version: 3,
      changes: [{ kind: "cluster", name: "a", change: "added" }],
      changesLeftOut: 151,
    });
  });

  it("have the texts of the configuration in force dumped", async () => {
    const { views, settled } = setUp();
    const query = { resource: "", mask: "bootstrap", nameRegex: "", includeEds: false };
    const { body } = await settled(views.config.dump(query));
    assert.deepEqual(JSON.parse(body as string), {
      config: { texts: [{ file: "troupe.yaml", content: "node: { id: n }" }] },
      version: 3,
      inForceSinceMs: 0,
      clusterUpdateTimes: {},
      query,
    });
  });

  it("show clusters also when no worker answers", async () => {
    const { views, settled } = setUp();
    assert.deepEqual(await settled(views.clusters.clusters()), []);
  });

  it("share a refresh of the stats between requests that come together", async () => {
    const { views, settled, told, toldStats } = setUp();
    await settled(Promise.all([views.stats.refresh(), views.stats.refresh(), views.stats.refresh()]));
    assert.deepEqual(
      told.map(({ type }) => type),
      ["collectStats"],
    );
    assert.deepEqual(
      toldStats.map(({ type }) => type),
      ["bringUpToDate"],
    );
    await settled(views.stats.refresh());
    assert.equal(told.length, 2);
  });

  it("tell the state of the server", () => {
    const { views, condition } = setUp();
    assert.equal(views.server.state(), "INITIALIZING");
    condition.configured();
    assert.equal(views.server.state(), "LIVE");
    views.control.setHealthcheckFailing(true);
    assert.equal(views.server.state(), "DRAINING");
    views.control.setHealthcheckFailing(false);
    condition.draining = true;
    assert.equal(views.server.state(), "DRAINING");
  });
});

describe("Commands to the supervisor", () => {
  it("show the outcome of a reload", async () => {
    const { views, script, settled } = setUp();
    const changes = {
      added: [{ kind: "cluster", name: "a" }],
      changed: [],
      removed: [{ kind: "listener", name: "b" }],
    };
    script.reload = { outcome: "accepted", version: 4, changes, warnings: [] };
    assert.deepEqual(await settled(views.control.reload()), {
      type: "applied",
      version: 4,
      changes: [
        { kind: "cluster", name: "a", change: "added" },
        { kind: "listener", name: "b", change: "removed" },
      ],
    });
    const problem = { severity: "error", file: "f", line: 1, column: 2, path: "p", message: "m" } as const;
    script.reload = { outcome: "refused", refusals: [{ worker: "", reason: "r", problem }] };
    assert.deepEqual(await settled(views.control.reload()), { type: "rejected", problems: ["f:1:2: p: m"] });
  });

  it("show the outcome of a dry run with the workers that drain and those that are missing", async () => {
    const { views, script, settled, told } = setUp();
    script.dryRun = {
      outcome: "valid",
      changes: { added: [], changed: [], removed: [] },
      warnings: [],
      drains: [
        { worker: "worker-1", answered: true, value: 5 },
        { worker: "worker-2", answered: true, value: 0 },
        { worker: "worker-3", answered: false, reason: "busy" },
      ],
    };
    assert.deepEqual(await settled(views.control.dryRun("a: 1")), {
      type: "valid",
      changes: [],
      drains: [{ worker: "worker-1", connections: 5 }],
      missingWorkers: ["worker-3"],
    });
    assert.deepEqual(told, [{ type: "dryRun", source: { label: "request body", text: "a: 1" } }]);
  });

  it("close the listeners after the drain time of a graceful drain, unless told to leave them open", async () => {
    const { views, world, broadcasts } = setUp();
    await views.control.drainListeners({ graceful: true, skipExit: true, inboundOnly: false });
    await world.advance(2000);
    assert.deepEqual(broadcasts(), [{ type: "drainListeners", graceful: true, inboundOnly: false }]);
    await views.control.drainListeners({ graceful: true, skipExit: false, inboundOnly: true });
    await world.advance(900);
    assert.equal(broadcasts().length, 2);
    await world.advance(200);
    assert.deepEqual(broadcasts().at(-1), { type: "drainListeners", graceful: false, inboundOnly: true });
  });

  it("reach the workers and the main thread alike", async () => {
    const { views, settled, broadcasts, toldStats, sample } = setUp();
    views.control.resetCounters();
    views.control.setHealthcheckFailing(true);
    await settled(views.control.reopenLogs());
    views.control.quit();
    assert.deepEqual(broadcasts(), [
      { type: "resetCounters" },
      { type: "setHealthCheckFailed", failed: true },
      { type: "reopenLogs" },
    ]);
    assert.deepEqual(toldStats, [{ type: "resetCounters" }]);
    assert.deepEqual(sample.calls, ["reopenLogs", "quit"]);
  });

  it("find a worker by its name or its id", async () => {
    const { views, settled } = setUp();
    assert.equal(await settled(views.control.crashActor("worker-1")), true);
    assert.equal(await settled(views.control.crashActor("supervisor/worker-1")), true);
    assert.equal(await settled(views.control.crashActor("stats")), false);
  });
});
