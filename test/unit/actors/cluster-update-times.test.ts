import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ClusterUpdateTimes } from "../../../actors/cluster-update-times.ts";

const resource = (kind: "cluster" | "discovery" | "listener", name: string, hash: string) => ({ kind, name, hash });

describe("The update times of clusters", () => {
  it("change with a cluster and with how it finds its hosts, and with nothing else", () => {
    const times = new ClusterUpdateTimes();
    const first = [resource("cluster", "a", "1"), resource("discovery", "a", "2"), resource("cluster", "b", "3")];
    times.onInForce(first, 100);
    times.onInForce([...first, resource("listener", "a", "9"), resource("cluster", "c", "4")], 200);
    assert.deepEqual(
      [...times.all()],
      [
        ["a", 100],
        ["b", 100],
        ["c", 200],
      ],
    );
    times.onInForce(
      [resource("cluster", "a", "1"), resource("discovery", "a", "5"), resource("cluster", "b", "3")],
      300,
    );
    assert.deepEqual(
      [...times.all()],
      [
        ["a", 300],
        ["b", 100],
      ],
    );
  });

  it("begin anew for a cluster that was away", () => {
    const times = new ClusterUpdateTimes();
    times.onInForce([resource("cluster", "a", "1")], 100);
    times.onInForce([], 200);
    times.onInForce([resource("cluster", "a", "1")], 300);
    assert.equal(times.all().get("a"), 300);
  });
});
