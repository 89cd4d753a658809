import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { membershipSpec } from "../../../../actors/membership/actor.ts";
import type { DiscoveredCluster, MembershipMessage } from "../../../../actors/membership/protocol.ts";
import type { WorkerMessage } from "../../../../actors/worker/protocol.ts";
import type { ActorRef } from "../../../../src/actor/actor-ref.ts";
import type { DiscoveryData, InitializePhase } from "../../../../src/upstream/cluster-data.ts";
import { type DiscoveryOwner, DiscoveryStats } from "../../../../src/upstream/discovery/discovery.ts";
import { HealthFlag } from "../../../../src/upstream/membership/health-flag.ts";
import type { MembershipDelta } from "../../../../src/upstream/membership/membership-delta.ts";
import { OutlierDetector } from "../../../../src/upstream/outlier/outlier-detector.ts";
import { OutlierStats } from "../../../../src/upstream/outlier/outlier-stats.ts";
import { ActorWorld, fixedRandom } from "../../../harness/actor-world.ts";
import { RecordingStats } from "../../../harness/recording-stats.ts";
import { endpointData } from "../../upstream/cluster-fixture.ts";
import { OUTLIER_DETECTION } from "../../upstream/outlier/outlier-fixture.ts";

const DEADLINE_MS = 15_000;

function cluster(
  name: string,
  hash = "1",
  waitsForWarm = true,
  initializePhase: InitializePhase = "primary",
): DiscoveredCluster {
  const data: DiscoveryData = {
    type: "dns",
    cluster: name,
    observabilityName: name,
    logical: false,
    targets: [],
    refreshRateMs: 5000,
    failureBackOff: null,
    respectTtl: false,
    lookupFamily: "auto",
    resolvers: [],
    searchesDomains: true,
    waitsForWarm,
    initializePhase,
    healthCheck: null,
    outlierDetection: null,
    countsHostConnections: false,
  };
  return { hash, data };
}

describe("The membership actor", () => {
  let world: ActorWorld;
  let membership: ActorRef<MembershipMessage>;
  /** The owner of each discovery that was started, by cluster; the latest one. */
  let owners: Map<string, DiscoveryOwner>;
  let warming: number[];

  beforeEach(() => {
    world = new ActorWorld();
    owners = new Map();
    warming = [];
    membership = world.system.spawn(
      membershipSpec({
        createDiscovery: (data, owner) => ({
          start: () => void owners.set(data.cluster, owner),
          stop: () => {},
          inspect: () => ({ found: "by a test" }),
        }),
        createStats: (name) => new DiscoveryStats(new RecordingStats().scope(`cluster.${name}`)),
        createChecks: () => {
          throw new Error("no cluster here has checks");
        },
        createDetector: (data, onEjected) =>
          new OutlierDetector(data.outlierDetection!, {
            cluster: data.cluster,
            timers: world.clock.timers,
            random: fixedRandom(0),
            stats: new OutlierStats(new RecordingStats().scope(`cluster.${data.cluster}`)),
            log: null,
            onEjected,
          }),
        onWarming: (count) => warming.push(count),
      }),
    );
  });

  /** Starts to warm; the result is filled in when there is an answer. */
  function warm(...clusters: DiscoveredCluster[]): { late?: readonly string[] } {
    const result: { late?: readonly string[] } = {};
    void membership
      .ask({ type: "warmClusters", clusters, deadlineMs: DEADLINE_MS }, 2 * DEADLINE_MS)
      .then(({ late }) => Object.assign(result, { late }));
    return result;
  }

  async function found(name: string, ...ports: number[]): Promise<void> {
    owners.get(name)!.onHosts(ports.map((port) => endpointData(port)));
    owners.get(name)!.onFirstAttempt();
    await world.settle();
  }

  /** A worker that takes over what it is told, and what it was told. */
  function join(name: string): MembershipDelta[] {
    const deltas: MembershipDelta[] = [];
    const ref = world.system.spawn<WorkerMessage>({
      name,
      kind: "worker",
      create: (context) => ({
        receive(message) {
          if (message.type !== "updateMembership") return;
          deltas.push(...message.deltas);
          context.reply(message, { type: "membershipUpdated", missed: [] });
        },
      }),
    });
    membership.tell({ type: "workerJoined", worker: name, ref });
    return deltas;
  }

  async function statuses() {
    const asked = membership.ask({ type: "inspectMembership" }, 100);
    await world.settle();
    return asked;
  }

  it("says that clusters are warm when each that is waited for was tried, and which are warming until then", async () => {
    const result = warm(cluster("a"), cluster("b"), cluster("c", "1", false));
    await world.settle();
    assert.deepEqual(warming, [3]);
    await found("a", 80);
    assert.equal(result.late, undefined);
    const shown = (await statuses()).map(({ cluster: name, state }) => [name, state]);
    assert.deepEqual(shown, [
      ["a", "active"],
      ["b", "warming"],
      ["c", "warming"],
    ]);
    await found("b", 81);
    assert.deepEqual(result.late, []);
    await found("c", 82);
    assert.deepEqual(warming, [3, 2, 1, 0]);
  });

  /** No kind of discovery that there is needs another cluster: these are secondary because the test says so. */
  const secondary = (name: string, hash = "1") => cluster(name, hash, true, "secondary");

  it("starts secondary clusters when all primary ones of the first configuration are initialised", async () => {
    const result = warm(secondary("s"), cluster("a"), cluster("b"), cluster("c", "1", false), secondary("t"));
    await world.settle();
    assert.deepEqual([...owners.keys()], ["a", "b", "c"]);
    await found("a", 80);
    assert.deepEqual(
      (await statuses()).map(({ cluster: name, phase, awaits }) => [name, phase, awaits]),
      [
        ["s", "secondary", "primary clusters"],
        ["a", "primary", null],
        ["b", "primary", "hosts"],
        ["c", "primary", "hosts"],
        ["t", "secondary", "primary clusters"],
      ],
    );
    await found("b", 81);
    assert.deepEqual([...owners.keys()], ["a", "b", "c", "s", "t"]);
    assert.equal(result.late, undefined);
    assert.equal((await statuses())[0]?.awaits, "hosts");
    await found("s", 82);
    await found("t", 83);
    assert.deepEqual(result.late, []);
    assert.deepEqual(warming, [5, 4, 3, 2, 1]);
  });

  it("starts secondary clusters at once if no primary one is waited for", async () => {
    warm(cluster("c", "1", false), secondary("s"));
    await world.settle();
    assert.deepEqual([...owners.keys()], ["c", "s"]);
  });

  it("starts secondary clusters at the deadline if primary ones do not get ready", async () => {
    const result = warm(cluster("a"), secondary("s"));
    await world.settle();
    await world.advance(DEADLINE_MS);
    assert.deepEqual(result.late, ["a", "s"]);
    assert.deepEqual([...owners.keys()], ["a", "s"]);
  });

  it("starts secondary clusters of later configurations at once", async () => {
    const clusters = [cluster("a")];
    warm(...clusters);
    await world.settle();
    await found("a", 80);
    membership.tell({ type: "putClustersInForce", clusters });
    const result = warm(...clusters, cluster("b"), secondary("s"));
    await world.settle();
    assert.deepEqual([...owners.keys()], ["a", "b", "s"]);
    await found("s", 81);
    assert.equal(result.late, undefined);
    await found("b", 82);
    assert.deepEqual(result.late, []);
  });

  it("never starts a held secondary cluster of a configuration that is dropped", async () => {
    warm(cluster("a"), secondary("s"));
    await world.settle();
    membership.tell({ type: "dropWarmedClusters" });
    await world.settle();
    await world.advance(2 * DEADLINE_MS);
    assert.deepEqual([...owners.keys()], ["a"]);
    assert.deepEqual(await statuses(), []);
  });

  it("names those that were not tried by the deadline", async () => {
    const result = warm(cluster("a"), cluster("b"));
    await world.settle();
    await found("a", 80);
    await world.advance(DEADLINE_MS);
    assert.deepEqual(result.late, ["b"]);
  });

  it("leaves the hosts in force until what was warmed is in force", async () => {
    const deltas = join("worker-1");
    warm(cluster("a"));
    await world.settle();
    await found("a", 80);
    membership.tell({ type: "putClustersInForce", clusters: [cluster("a")] });
    await world.settle();
    warm(cluster("a", "2"));
    await world.settle();
    await found("a", 81);
    const before = deltas.length;
    assert.deepEqual(
      deltas.at(-1)!.upserts.map(({ endpoint }) => endpoint),
      [endpointData(80)],
    );
    membership.tell({ type: "putClustersInForce", clusters: [cluster("a", "2")] });
    await world.settle();
    assert.equal(deltas.length, before + 1);
    assert.deepEqual([deltas.at(-1)!.upserts.length, deltas.at(-1)!.removed], [1, ["127.0.0.1:80"]]);
  });

  it("ejects a host that a worker's requests failed at, tells workers, and people the reason", async () => {
    const deltas = join("worker-1");
    const { hash, data } = cluster("a");
    const judged = { hash, data: { ...data, outlierDetection: OUTLIER_DETECTION } };
    warm(judged);
    await world.settle();
    await found("a", 80, 81);
    membership.tell({ type: "putClustersInForce", clusters: [judged] });
    await world.settle();
    membership.tell({ type: "judgeHost", cluster: "a", address: "127.0.0.1:81", failures: "CONSECUTIVE_5XX" });
    await world.settle();
    const [upsert, ...others] = deltas.at(-1)!.upserts;
    assert.deepEqual(
      [upsert!.endpoint, upsert!.healthFlags, others],
      [endpointData(81), HealthFlag.failedOutlierCheck, []],
    );
    const [status] = await statuses();
    assert.deepEqual(status!.flaggedHosts, [{ address: "127.0.0.1:81", flags: ["failed_outlier_check"] }]);
    assert.deepEqual([status!.hosts, status!.discovery], [2, { found: "by a test" }]);
    const [ejection] = status!.outlier!.ejections;
    assert.deepEqual([ejection!.address, ejection!.reason], ["127.0.0.1:81", "CONSECUTIVE_5XX"]);
    await world.advance(OUTLIER_DETECTION.baseEjectionTimeMs);
    assert.equal(deltas.at(-1)!.upserts[0]!.healthFlags, 0);
  });

  it("forgets what was warmed for a version that was refused", async () => {
    warm(cluster("a"));
    await world.settle();
    membership.tell({ type: "dropWarmedClusters" });
    await world.settle();
    assert.deepEqual(await statuses(), []);
    assert.deepEqual(warming, [1, 0]);
  });
});
