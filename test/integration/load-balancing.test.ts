import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { answering, FakeUpstream } from "../harness/fake-upstream.ts";
import { Http1Client } from "../harness/http1-client.ts";
import { loopback, sampleBootstrap, sampleCluster } from "../harness/sample-bootstrap.ts";
import type { RunningProxy } from "../harness/start-proxy.ts";
import { startTestProxy } from "../harness/test-proxy.ts";

/** Long, for these tests may run on a busy machine. */
const READY_TIMEOUT_MS = 60_000;

/** Five upstreams, each answering with its number, behind a proxy with two workers. */
async function start(t: TestContext, cluster: object, route: object): Promise<RunningProxy> {
  const upstreams = await Promise.all([0, 1, 2, 3, 4].map((number) => FakeUpstream.start(answering(String(number)))));
  t.after(() => Promise.all(upstreams.map((upstream) => upstream.close())));
  const config = sampleBootstrap({
    listeners: [
      {
        routes: [{ match: { prefix: "/" }, route: { cluster: "app", ...route } }],
        more: { connection_balance_config: { exact_balance: {} } },
      },
    ],
    clusters: [
      sampleCluster(
        "app",
        upstreams.map(({ port }) => loopback(port)),
        cluster,
      ),
    ],
  });
  return startTestProxy(t, { config, concurrency: 2, readyTimeoutMs: READY_TIMEOUT_MS });
}

async function clientsOf(t: TestContext, proxy: RunningProxy, count: number): Promise<Http1Client[]> {
  const clients = await Promise.all(Array.from({ length: count }, () => Http1Client.connect(proxy.port())));
  t.after(() => {
    for (const client of clients) client.close();
  });
  return clients;
}

describe("Consistent hashing", () => {
  for (const [policy, more] of [
    ["RING_HASH", { ring_hash_lb_config: { hash_function: "MURMUR_HASH_2" } }],
    ["CONSISTENT_HASH", {}],
    ["MAGLEV", {}],
  ] as const) {
    it(`by ${policy} sends a key to the same host on every worker`, async (t) => {
      const hash_policy = [{ header: { header_name: "x-key" } }];
      const proxy = await start(t, { lb_policy: policy, ...more }, { hash_policy });
      const clients = await clientsOf(t, proxy, 4);
      const chosen = new Set<string>();
      for (let key = 0; key < 30; key++) {
        const request = { headers: { "x-key": `key-${key}` } };
        const answers = await Promise.all(clients.map((client) => client.request(request)));
        const hosts = new Set(answers.map((answer) => answer.body));
        assert.equal(hosts.size, 1, `key-${key} went to ${[...hosts]}`);
        chosen.add([...hosts][0]!);
      }
      assert.ok(chosen.size >= 4, `30 keys went to ${[...chosen]}`);
      await proxy.until("connections on both workers", async () => {
        const { workers } = JSON.parse((await proxy.admin("/workers?format=json")).body);
        return workers.every(({ connections }: { connections: number }) => connections >= 1);
      });
    });
  }

  it("builds big tables once for all workers, which pick alike by them", async (t) => {
    const hash_policy = [{ header: { header_name: "x-key" } }];
    const proxy = await start(t, { lb_policy: "MAGLEV" }, { hash_policy });
    const clients = await clientsOf(t, proxy, 4);
    const answers = async (): Promise<string[]> => {
      const bodies: string[] = [];
      for (let key = 0; key < 30; key++) {
        const request = { headers: { "x-key": `key-${key}` } };
        const responses = await Promise.all(clients.map((client) => client.request(request)));
        const hosts = new Set(responses.map(({ body }) => body));
        assert.equal(hosts.size, 1, `key-${key} went to ${[...hosts]}`);
        bodies.push(...hosts);
      }
      return bodies;
    };
    const before = await answers();
    await proxy.until("the table", async () => {
      const { state } = JSON.parse((await proxy.admin("/actors/supervisor?format=json")).body);
      return state.hashTables.built === 1 && state.hashTables.keptBytes === 4 * 65_537;
    });
    assert.deepEqual(await answers(), before);
    const { state } = JSON.parse((await proxy.admin("/actors/supervisor?format=json")).body);
    assert.equal(state.hashTables.built, 1);
  });

  it("keeps a client on its host by a cookie that the first response sets", async (t) => {
    const cookie = { name: "stick", ttl: "60s", path: "/" };
    const proxy = await start(t, { lb_policy: "RING_HASH" }, { hash_policy: [{ cookie }] });
    const clients = await clientsOf(t, proxy, 4);
    const first = await clients[0]!.request();
    const set = first.header("set-cookie") ?? "";
    const [, value] = /^stick="([0-9a-f]{16})"; Max-Age=60; Path=\/; HttpOnly$/.exec(set) ?? assert.fail(set);
    for (const client of clients) {
      const again = await client.request({ headers: { cookie: `stick=${value}` } });
      assert.equal(again.body, first.body);
      assert.equal(again.header("set-cookie"), undefined);
    }
  });
});

describe("Subset load balancing", () => {
  const stage = (name: string) => ({ metadata_match: { filter_metadata: { "envoy.lb": { stage: name } } } });

  it("sends requests to the hosts that the metadata_match of route or weighted cluster names, or answers 503", async (t) => {
    const upstreams = await Promise.all([0, 1, 2, 3, 4].map((number) => FakeUpstream.start(answering(String(number)))));
    t.after(() => Promise.all(upstreams.map((upstream) => upstream.close())));
    const stages = ["prod", "prod", "canary", "canary"];
    const lb_endpoints = upstreams.map(({ port }, at) => ({
      endpoint: { address: loopback(port) },
      ...(stages[at] && { metadata: { filter_metadata: { "envoy.lb": { stage: stages[at] } } } }),
    }));
    const cluster = sampleCluster("app", [], {
      load_assignment: { cluster_name: "app", endpoints: [{ lb_endpoints }] },
      lb_subset_config: { subset_selectors: [{ keys: ["stage"] }] },
    });
    const weighted_clusters = { clusters: [{ name: "app", weight: 1, ...stage("prod") }] };
    const routes = [
      { match: { prefix: "/route" }, route: { cluster: "app", ...stage("canary") } },
      { match: { prefix: "/weighted" }, route: { weighted_clusters, ...stage("canary") } },
      { match: { prefix: "/nobody" }, route: { cluster: "app", ...stage("test") } },
    ];
    const config = sampleBootstrap({ listeners: [{ routes }], clusters: [cluster] });
    const proxy = await startTestProxy(t, { config, readyTimeoutMs: READY_TIMEOUT_MS });
    const [client] = await clientsOf(t, proxy, 1);
    const answersOf = async (target: string): Promise<string[]> => {
      const answers = new Set<string>();
      for (let at = 0; at < 8; at++) answers.add((await client!.request({ target })).body);
      return [...answers].sort();
    };
    assert.deepEqual(await answersOf("/route"), ["2", "3"]);
    assert.deepEqual(await answersOf("/weighted"), ["0", "1"]);
    assert.equal((await client!.request({ target: "/nobody" })).status, 503);
  });
});
