import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { answering, FakeUpstream } from "../harness/fake-upstream.ts";
import { Http1Client } from "../harness/http1-client.ts";
import { loopback, sampleBootstrap, sampleCluster } from "../harness/sample-bootstrap.ts";
import { type RunningProxy, startProxy } from "../harness/start-proxy.ts";

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
  const proxy = await startProxy({ config, concurrency: 2 });
  t.after(() => proxy.kill());
  return proxy;
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
  /** Upstreams 0 and 1 are of stage prod, 2 and 3 of stage canary, 4 of none. */
  async function staged(t: TestContext, route: object): Promise<Http1Client> {
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
    const config = sampleBootstrap({
      listeners: [{ routes: [{ match: { prefix: "/" }, route }] }],
      clusters: [cluster],
    });
    const proxy = await startProxy({ config });
    t.after(() => proxy.kill());
    return (await clientsOf(t, proxy, 1))[0]!;
  }

  const stage = (name: string) => ({ metadata_match: { filter_metadata: { "envoy.lb": { stage: name } } } });

  async function answersOf(client: Http1Client): Promise<Set<string>> {
    const answers = new Set<string>();
    for (let at = 0; at < 8; at++) answers.add((await client.request()).body);
    return answers;
  }

  it("sends a route's requests to the hosts that its metadata_match names", async (t) => {
    const client = await staged(t, { cluster: "app", ...stage("canary") });
    assert.deepEqual([...(await answersOf(client))].sort(), ["2", "3"]);
  });

  it("goes by the metadata_match of a weighted cluster before that of its route", async (t) => {
    const weighted_clusters = { clusters: [{ name: "app", weight: 1, ...stage("prod") }] };
    const client = await staged(t, { weighted_clusters, ...stage("canary") });
    assert.deepEqual([...(await answersOf(client))].sort(), ["0", "1"]);
  });

  it("answers 503 if no host carries the metadata", async (t) => {
    const client = await staged(t, { cluster: "app", ...stage("test") });
    assert.equal((await client.request()).status, 503);
  });
});
