import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SniClusterFilter } from "../../../../../src/extensions/network/sni_cluster/filter.ts";
import { ConnectionState } from "../../../../../src/net/connection-state.ts";
import { FilterStatus, type ReadFilterCallbacks } from "../../../../../src/net/network-filter.ts";

function clusterFor(requestedServerName: string): unknown {
  const state = new ConnectionState();
  const filter = new SniClusterFilter();
  filter.initialize({ info: { requestedServerName }, state } as unknown as ReadFilterCallbacks);
  assert.equal(filter.onNewConnection(), FilterStatus.continue);
  return state.filterState?.get("envoy.tcp_proxy.cluster");
}

describe("envoy.filters.network.sni_cluster", () => {
  it("names the cluster after the server name, and none without one", () => {
    assert.equal(clusterFor("db.example"), "db.example");
    assert.equal(clusterFor(""), undefined);
  });
});
