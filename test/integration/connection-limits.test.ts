import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { echoedPeers } from "../harness/echoed-peers.ts";
import { loopback } from "../harness/sample-bootstrap.ts";
import type { RunningProxy } from "../harness/start-proxy.ts";
import { startTestProxy } from "../harness/test-proxy.ts";
import { until } from "../harness/until.ts";

const LISTENER_KEY = "envoy.resource_limits.listener.tcp.connection_limit";
const GLOBAL_KEY = "overload.global_downstream_max_connections";

/** Echo listeners whose connections three workers share, and runtime values. */
function config(runtime: object, more: object = {}): object {
  const echo = {
    name: "envoy.filters.network.echo",
    typed_config: { "@type": "type.googleapis.com/envoy.extensions.filters.network.echo.v3.Echo" },
  };
  const listener = (name: string, settings: object = {}) => ({
    name,
    stat_prefix: name,
    address: loopback(0),
    filter_chains: [{ filters: [echo] }],
    connection_balance_config: { exact_balance: {} },
    ...settings,
  });
  return {
    static_resources: { listeners: [listener("tcp"), listener("free", { ignore_global_conn_limit: true })] },
    layered_runtime: {
      layers: [
        { name: "static", static_layer: runtime },
        { name: "admin", admin_layer: {} },
      ],
    },
    ...more,
  };
}

function monitor(max: number): object {
  const name = "envoy.resource_monitors.global_downstream_max_connections";
  const type =
    "type.googleapis.com/envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig";
  const typed_config = { "@type": type, max_active_downstream_connections: max };
  return { overload_manager: { resource_monitors: [{ name, typed_config }] } };
}

async function start(test: TestContext, proxyConfig: object): Promise<RunningProxy> {
  return startTestProxy(test, { config: proxyConfig, concurrency: 3 });
}

describe("Connection limits", () => {
  it("of a listener hold exactly over all workers, and change while it runs", async (t) => {
    const proxy = await start(t, config({ [LISTENER_KEY]: 7 }));
    const first = await echoedPeers(t, proxy.port("tcp"), 30);
    assert.equal(first.length, 7);
    await proxy.untilStat("listener.tcp.downstream_cx_overflow", 23);
    assert.equal((await echoedPeers(t, proxy.port("free"), 9)).length, 9);

    for (const client of first.slice(0, 4)) client.end();
    await proxy.untilStat("listener.tcp.downstream_cx_active", 3);
    assert.equal((await echoedPeers(t, proxy.port("tcp"), 20)).length, 4);
    assert.equal((await proxy.post(`/runtime_modify?${LISTENER_KEY}=10`)).status, 200);
    assert.equal((await echoedPeers(t, proxy.port("tcp"), 20)).length, 3);
  });

  it("of a listener get back what a dead worker held", async (t) => {
    const proxy = await start(t, config({ [LISTENER_KEY]: 6 }));
    const clients = await echoedPeers(t, proxy.port("tcp"), 6);
    assert.equal(clients.length, 6);
    assert.equal((await proxy.post("/actors/worker-1/crash")).status, 200);
    await until("its connections' end", () => clients.filter(({ ended, closed }) => ended || closed).length === 2);
    await proxy.until("the new worker", async () => {
      const { body } = await proxy.admin("/workers?format=json");
      return JSON.parse(body).workers[0].restarts === 1;
    });
    assert.equal((await echoedPeers(t, proxy.port("tcp"), 10)).length, 2);
  });

  it("of the process come from runtime or, before it, from the overload manager, which a reload may change", async (t) => {
    const proxy = await start(t, config({ [GLOBAL_KEY]: 5 }));
    assert.equal((await echoedPeers(t, proxy.port("free"), 2)).length, 2);
    assert.equal((await echoedPeers(t, proxy.port("tcp"), 20)).length, 3);
    assert.equal((await echoedPeers(t, proxy.port("free"), 2)).length, 2);

    assert.equal((await proxy.reload(config({ [GLOBAL_KEY]: 5 }, monitor(9)))).status, 200);
    assert.equal((await echoedPeers(t, proxy.port("tcp"), 20)).length, 2);
    await proxy.untilStat("overload.envoy.resource_monitors.global_downstream_max_connections.failed_updates", 18);
    await proxy.untilStat("listener.tcp.downstream_global_cx_overflow", 17 + 18);
    assert.equal((await proxy.reload(config({}))).status, 200);
    assert.equal((await echoedPeers(t, proxy.port("tcp"), 8)).length, 8);
  });

  it("are refused where the overload manager is told more than that", async (t) => {
    const proxy = await start(t, config({}));
    const heap = {
      name: "envoy.resource_monitors.fixed_heap",
      typed_config: {
        "@type": "type.googleapis.com/envoy.extensions.resource_monitors.fixed_heap.v3.FixedHeapConfig",
        max_heap_size_bytes: 1000,
      },
    };
    const triggers = [{ name: "envoy.resource_monitors.fixed_heap", threshold: { value: 0.9 } }];
    const overload = (manager: object) => proxy.reload(config({}, { overload_manager: manager }));
    const heapAnswer = await overload({ resource_monitors: [heap] });
    assert.equal(heapAnswer.status, 400);
    assert.match(heapAnswer.body, /overload_manager\.resource_monitors\[0\].*FixedHeapConfig.*not supported/);
    const action = await overload({
      ...(monitor(1) as { overload_manager: object }).overload_manager,
      actions: [{ name: "envoy.overload_actions.stop_accepting_requests", triggers }],
    });
    assert.equal(action.status, 400);
    assert.match(action.body, /overload_manager\.actions.*not supported/);
  });
});
