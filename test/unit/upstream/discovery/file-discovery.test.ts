import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { silentLogger } from "../../../../src/base/log.ts";
import type { AssignmentData } from "../../../../src/upstream/cluster-data.ts";
import { DiscoveryStats } from "../../../../src/upstream/discovery/discovery.ts";
import { type EndpointsFile, EndpointsFiles } from "../../../../src/upstream/discovery/endpoints-files.ts";
import { FileDiscovery } from "../../../../src/upstream/discovery/file-discovery.ts";
import { FakeClock } from "../../../harness/fake-clock.ts";
import { RecordingStats } from "../../../harness/recording-stats.ts";
import { endpointData } from "../cluster-fixture.ts";

const POLICY = { overprovisioningFactorPercent: 200, weightedPriorityHealth: true, dropOverload: null };
const ASSIGNMENT: AssignmentData = { endpoints: [endpointData(80)], policy: POLICY, staleAfterMs: 0 };

/** A discovery that is given `file` when it reads, and what it told. */
async function start(t: TestContext, file: EndpointsFile) {
  const clock = new FakeClock();
  const stats = new RecordingStats();
  const told: unknown[] = [];
  const data = {
    type: "file",
    cluster: "app",
    observabilityName: "app",
    path: import.meta.filename,
    watchedFolder: null,
    serviceName: "app",
    waitsForWarm: true,
    initializePhase: "primary",
  } as const;
  const owner = {
    onHosts: (...hosts: unknown[]) => void told.push(hosts),
    onFirstAttempt: () => void told.push("attempted"),
  };
  const discovery = new FileDiscovery(data, owner, {
    files: new EndpointsFiles({ read: async () => [file], timers: clock.timers, log: silentLogger }),
    timers: clock.timers,
    log: silentLogger,
    stats: new DiscoveryStats(stats.scope("cluster.app")),
  });
  t.after(() => discovery.stop());
  discovery.start();
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  return { clock, told, discovery, stats, stat: (name: string) => stats.value(`cluster.app.${name}`) };
}

describe("FileDiscovery", () => {
  it("tells the endpoints with their policy", async (t) => {
    const { told, stat } = await start(t, { assignment: ASSIGNMENT, versionInfo: "1" });
    assert.deepEqual(told, [[[endpointData(80)], POLICY], "attempted"]);
    assert.deepEqual([stat("update_success"), stat("assignment_timeout_received")], [1, 0]);
  });

  it("says when it has taken an update, and how long that took", async (t) => {
    const { clock, stats, stat } = await start(t, { assignment: ASSIGNMENT, versionInfo: "1" });
    assert.equal(stat("update_time"), clock.wallMs());
    assert.deepEqual(stats.samples("cluster.app.update_duration"), [0]);
    assert.equal(stat("init_fetch_timeout"), 0);
  });

  it("takes endpoints away that have become stale, once", async (t) => {
    const assignment = { ...ASSIGNMENT, staleAfterMs: 60_000 };
    const { clock, told, stat } = await start(t, { assignment, versionInfo: "1" });
    clock.advance(59_000);
    assert.deepEqual([told.length, stat("assignment_timeout_received"), stat("assignment_stale")], [2, 1, 0]);
    clock.advance(1000);
    assert.deepEqual([told.at(-1), stat("assignment_stale")], [[[]], 1]);
    clock.advance(120_000);
    assert.equal(stat("assignment_stale"), 1);
  });

  it("keeps what it told when the file is wrong", async (t) => {
    const { told, stat, discovery } = await start(t, { problems: ["line 3"] });
    assert.deepEqual(told, ["attempted"]);
    assert.equal(stat("update_rejected"), 1);
    assert.deepEqual(discovery.inspect().problems, ["line 3"]);
  });
});
