import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ClusterManagerStats } from "../../../src/upstream/cluster-manager-stats.ts";
import { RecordingStats } from "../../harness/recording-stats.ts";

describe("ClusterManagerStats", () => {
  it("adds up changes and shows the present number", () => {
    const stats = new RecordingStats();
    const manager = new ClusterManagerStats(stats);
    manager.count({ added: 3, modified: 0, removed: 0, active: 3 });
    manager.count({ added: 1, modified: 2, removed: 2, active: 2 });
    assert.deepEqual(stats.nonZero(), {
      "cluster_manager.active_clusters": 2,
      "cluster_manager.cluster_added": 4,
      "cluster_manager.cluster_modified": 2,
      "cluster_manager.cluster_removed": 2,
    });
  });
});
