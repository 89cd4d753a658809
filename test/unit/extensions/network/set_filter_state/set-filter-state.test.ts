import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { DataPath } from "../../../../harness/data-path.ts";
import { echoing, FakeUpstream } from "../../../../harness/fake-upstream.ts";
import { type ClientResponse, Http1Client } from "../../../../harness/http1-client.ts";
import { loopback, sampleCluster } from "../../../../harness/sample-bootstrap.ts";
import { TcpUpstream } from "../../../../harness/tcp-peer.ts";
import { until } from "../../../../harness/until.ts";
import { filterChain } from "../../http/filtered.ts";
import { proxiedConfig } from "../../proxied.ts";
import { networkFilter, TcpPath, tcpConfig } from "../tcp-path.ts";

const set = (key: string, format: string, rest: object = {}) => ({
  object_key: key,
  factory_key: "envoy.string",
  format_string: { text_format_source: { inline_string: format } },
  ...rest,
});
const stateFilter = (...values: object[]) => networkFilter("set_filter_state", "Config", { on_new_connection: values });

/** A proxy for HTTP whose connections go through `filter` first. */
async function startHttp(test: TestContext, filter: object, options: Parameters<typeof proxiedConfig>[0]) {
  const upstream = await FakeUpstream.start(echoing);
  test.after(() => upstream.close());
  const config = proxiedConfig(options, upstream.port) as {
    static_resources: { listeners: { filter_chains: { filters: object[] }[] }[] };
  };
  config.static_resources.listeners[0]?.filter_chains[0]?.filters.unshift(filter);
  const path = await DataPath.start(config);
  const clients: Http1Client[] = [];
  test.after(() => {
    for (const client of clients) client.close();
    path.stop();
  });
  const ask = async (): Promise<ClientResponse> => {
    const client = await Http1Client.connect(path.port);
    clients.push(client);
    return await client.request();
  };
  return { path, upstream, ask };
}

const stateOf = (path: DataPath): object => Object.fromEntries(path.logged[0]?.info.filterState ?? []);

describe("The network filter set_filter_state", () => {
  it("writes what it makes of the connection, for its HTTP streams, too", async (test) => {
    const filter = stateFilter(
      set("who", "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"),
      set("again", "%FILTER_STATE(who:PLAIN)%!"),
      set("empty", "%REQUESTED_SERVER_NAME%", {
        format_string: {
          text_format_source: { inline_string: "%REQUESTED_SERVER_NAME%" },
          omit_empty_values: true,
        },
        skip_if_empty: true,
      }),
      set("locked", "1", { read_only: true }),
      set("locked", "2"),
    );
    const { path, ask } = await startHttp(test, filter, {});
    assert.equal((await ask()).status, 200);
    await until("the log", () => path.logged.length === 1);
    assert.deepEqual(stateOf(path), { who: "127.0.0.1", again: "127.0.0.1!", locked: "1" });
  });

  it("keeps its values from the streams, which may add their own", async (test) => {
    const http = filterChain("set_filter_state", "Config", {
      on_request_headers: [set("mine", "connection?"), set("other", "stream")],
    });
    const { path, ask } = await startHttp(test, stateFilter(set("mine", "connection")), {
      manager: { http_filters: http },
    });
    await ask();
    await until("the log", () => path.logged.length === 1);
    assert.deepEqual(stateOf(path), { mine: "connection", other: "stream" });
  });

  it("decides what rbac and hash policies read", async (test) => {
    const rules = (value: string) => ({
      rules: {
        policies: {
          it: {
            permissions: [{ any: true }],
            principals: [{ filter_state: { key: "tenant", string_match: { exact: value } } }],
          },
        },
      },
    });
    const denied = await startHttp(test, stateFilter(set("tenant", "a")), {
      manager: { http_filters: filterChain("rbac", "RBAC", rules("b")) },
    });
    assert.equal((await denied.ask()).status, 403);

    const others = await Promise.all([FakeUpstream.start(echoing), FakeUpstream.start(echoing)]);
    test.after(() => Promise.all(others.map((each) => each.close())));
    // Named for the ring, whose order would else be that of the ports that the system has given.
    const lb_endpoints = others.map(({ port }, at) => ({
      endpoint: { address: loopback(port) },
      metadata: { filter_metadata: { "envoy.lb": { hash_key: `host-${"ab"[at]}` } } },
    }));
    const load_assignment = { cluster_name: "ring", endpoints: [{ lb_endpoints }] };
    const hashed = (tenant: string) =>
      startHttp(test, stateFilter(set("tenant", tenant)), {
        manager: { http_filters: filterChain("rbac", "RBAC", rules(tenant)) },
        routes: [
          {
            match: { prefix: "/" },
            route: { cluster: "ring", hash_policy: [{ filter_state: { key: "tenant" } }] },
          },
        ],
        clusters: [sampleCluster("ring", [], { lb_policy: "RING_HASH", load_assignment })],
      });
    const hosts = new Set<string>();
    for (const tenant of ["a", "b", "c", "d", "e", "f"]) {
      const { path, ask } = await hashed(tenant);
      for (let i = 0; i < 4; i++) assert.equal((await ask()).status, 200);
      await until("the log", () => path.logged.length === 4);
      const own = new Set(path.logged.map(({ info }) => info.upstream?.hostAddress ?? ""));
      assert.equal(own.size, 1);
      for (const host of own) hosts.add(host);
    }
    assert.equal(hosts.size, 2);
  });

  it("names the cluster of tcp_proxy", async (test) => {
    const [one, two] = [await TcpUpstream.start(), await TcpUpstream.start()];
    test.after(() => Promise.all([one.close(), two.close()]));
    for (const [upstream, text] of [
      [one, "one"],
      [two, "two"],
    ] as const) {
      upstream.onConnection((peer) => peer.write(text));
    }
    const filters = [
      stateFilter({ ...set("envoy.tcp_proxy.cluster", "two"), factory_key: "" }),
      networkFilter("tcp_proxy", "TcpProxy", { stat_prefix: "tcp", cluster: "one" }),
    ];
    const clusters = [sampleCluster("one", [loopback(one.port)]), sampleCluster("two", [loopback(two.port)])];
    const tcp = await TcpPath.start(test, tcpConfig(filters, clusters));
    await (await tcp.client()).untilText("two");
  });

  it("refuses keys that would do something in Envoy only", async (test) => {
    const filter = stateFilter({ ...set("envoy.network.upstream_subject_alt_names", "x"), factory_key: "" });
    await assert.rejects(startHttp(test, filter, {}), /upstream_subject_alt_names" has no meaning in Troupe/);
  });
});
