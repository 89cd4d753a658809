import assert from "node:assert/strict";
import { Agent, type IncomingMessage, request } from "node:http";
import { describe, it } from "node:test";
import { startProxy } from "../harness/start-proxy.ts";

const config = (statPrefix: string, body: string): string => `
static_resources:
  listeners:
  - name: ingress
    address: { socket_address: { address: 127.0.0.1, port_value: 0 } }
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: ${statPrefix}
          route_config:
            name: routes
            virtual_hosts:
            - { name: all, domains: ["*"], routes: [{ match: { prefix: / }, direct_response: { status: 200, body: { inline_string: "${body}" } } }] }
          http_filters:
          - name: envoy.filters.http.router
            typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router }
admin: { address: { socket_address: { address: 127.0.0.1, port_value: 0 } } }
`;

/** Status of one request over the agent's connection. */
function get(port: number, agent: Agent): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port, agent }, (response: IncomingMessage) => {
      response.resume().on("end", () => resolve(response.statusCode ?? 0));
    });
    sent.on("error", reject).end();
  });
}

describe("A dry run", () => {
  it("says which connections a change would drain, and changes nothing", async (t) => {
    const proxy = await startProxy({ config: config("one", "first") });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    t.after(async () => {
      agent.destroy();
      await proxy.kill();
    });
    assert.equal(await get(proxy.port(), agent), 200);

    const routes = await proxy.post("/config/dry_run?format=json", config("one", "second"));
    const listener = await proxy.post("/config/dry_run?format=json", config("two", "first"));
    for (const [answer, kind, expected] of [
      [routes, "routeTable", []],
      [listener, "listener", [{ worker: "worker-1", connections: 1 }]],
    ] as const) {
      assert.equal(answer.status, 200);
      const { changes, drains } = JSON.parse(answer.body);
      assert.deepEqual(
        { kinds: changes.map((change: { kind: string }) => change.kind), drains },
        {
          kinds: [kind],
          drains: expected,
        },
      );
    }

    const { workers } = JSON.parse((await proxy.admin("/workers?format=json")).body);
    assert.deepEqual(
      workers.map((worker: { restarts: number }) => worker.restarts),
      [0],
    );
  });
});
