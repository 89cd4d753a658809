import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Uint64 } from "../../../../../src/base/uint64.ts";
import { xxHash64 } from "../../../../../src/base/xx-hash64.ts";
import { TcpLoadBalancerContext } from "../../../../../src/extensions/network/tcp_proxy/tcp-load-balancer-context.ts";
import type { TcpHashPolicyData } from "../../../../../src/extensions/network/tcp_proxy/tcp-proxy-data.ts";
import { ConnectionState } from "../../../../../src/net/connection-state.ts";
import type { ReadFilterCallbacks } from "../../../../../src/net/network-filter.ts";

function keyOf(policy: TcpHashPolicyData, remoteAddress: string, user = ""): bigint | null {
  const state = new ConnectionState();
  if (user !== "") state.setFilterState("user", user);
  const callbacks = { info: { remoteAddress }, state } as unknown as ReadFilterCallbacks;
  const hash = new Uint64();
  return new TcpLoadBalancerContext(policy, null, callbacks).computeHashKey(hash) ? hash.toBigInt() : null;
}

describe("The load balancer's view of a TCP connection", () => {
  it("hashes the source IP, whatever its port", () => {
    const key = keyOf({ type: "sourceIp" }, "192.0.2.1:1000");
    assert.equal(keyOf({ type: "sourceIp" }, "192.0.2.1:2000"), key);
    assert.notEqual(keyOf({ type: "sourceIp" }, "192.0.2.2:1000"), key);
    assert.equal(key, xxHash64("192.0.2.1", new Uint64()).toBigInt());
  });

  it("hashes filter state, and nothing if there is none of that key", () => {
    const policy = { type: "filterState", key: "user" } as const;
    assert.notEqual(keyOf(policy, "192.0.2.1:1", "ada"), keyOf(policy, "192.0.2.1:1", "bob"));
    assert.equal(keyOf(policy, "192.0.2.1:1"), null);
  });

  it("hashes nothing without a policy, and asks for the metadata it was given", () => {
    assert.equal(keyOf(null, "192.0.2.1:1"), null);
    const context = new TcpLoadBalancerContext(null, { stage: "canary" }, {} as ReadFilterCallbacks);
    assert.deepEqual(context.metadataMatch, { stage: "canary" });
  });
});
