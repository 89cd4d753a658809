import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { answering, FakeUpstream } from "../harness/fake-upstream.ts";
import { requestOnce } from "../harness/http1-client.ts";
import { answerRoute, clusterRoute, loopback, sampleBootstrap, sampleCluster } from "../harness/sample-bootstrap.ts";
import { type RunningProxy, startProxy } from "../harness/start-proxy.ts";

/** What the tests read of JSON answers. */
type Tree = { readonly [key: string]: Tree } & readonly Tree[];

const unhealthy = (port: number): object => ({
  name: "ill",
  load_assignment: {
    cluster_name: "ill",
    endpoints: [
      {
        lb_endpoints: [
          { health_status: "UNHEALTHY", endpoint: { address: loopback(port) } },
          { endpoint: { address: loopback(port + 1) }, load_balancing_weight: 3 },
        ],
      },
    ],
  },
});

/** A cluster whose hosts are sorted by their version, of which one has a host. */
const bySubset = (port: number): object => ({
  ...sampleCluster("sorted", []),
  lb_subset_config: { fallback_policy: "NO_FALLBACK", subset_selectors: [{ keys: ["version"] }] },
  load_assignment: {
    cluster_name: "sorted",
    endpoints: [
      {
        lb_endpoints: [1, 2].map((version) => ({
          endpoint: { address: loopback(port + version) },
          metadata: { filter_metadata: { "envoy.lb": { version: `v${version}` } } },
        })),
      },
    ],
  },
});

/** A cluster whose only host is unhealthy. */
const allIll = (name: string, port: number, panicPercent: number): object => ({
  name,
  common_lb_config: { healthy_panic_threshold: { value: panicPercent } },
  load_assignment: {
    cluster_name: name,
    endpoints: [{ lb_endpoints: [{ health_status: "UNHEALTHY", endpoint: { address: loopback(port) } }] }],
  },
});

const subsetRoute = (version: string): object => ({
  match: { prefix: `/${version}` },
  route: { cluster: "sorted", metadata_match: { filter_metadata: { "envoy.lb": { version } } } },
});

describe("Explaining where a request would go", () => {
  let upstream: FakeUpstream;
  let proxy: RunningProxy;
  const config = (prefix: string): object =>
    sampleBootstrap({
      listeners: [
        {
          routes: [
            answerRoute("own", "/own"),
            {
              ...clusterRoute("app", prefix),
              name: "to-app",
              route: { cluster: "app", timeout: "3s", retry_policy: { retry_on: "5xx", num_retries: 2 } },
            },
            { match: { prefix: "/away" }, redirect: { host_redirect: "other.test" } },
            clusterRoute("ill", "/ill"),
            { match: { prefix: "/header" }, route: { cluster_header: "x-cluster" } },
            ...["v1", "v9"].map(subsetRoute),
            clusterRoute("panics", "/panics"),
            clusterRoute("refuses", "/refuses"),
          ],
        },
        { name: "second", routes: [answerRoute("second")] },
      ],
      clusters: [
        ...[sampleCluster("app", [loopback(upstream.port)]), unhealthy(upstream.port), bySubset(upstream.port)],
        ...[allIll("panics", upstream.port, 50), allIll("refuses", upstream.port, 0)],
      ],
    });
  before(async () => {
    upstream = await FakeUpstream.start(answering("app"));
    proxy = await startProxy({ config: config("/app"), concurrency: 2 });
  });
  after(async () => {
    await proxy?.kill();
    await upstream?.close();
  });

  const explain = async (question: object): Promise<{ readonly status: number; readonly body: Tree }> => {
    const { status, body } = await proxy.post(
      "/explain?format=json",
      JSON.stringify({ listener: "ingress", ...question }),
    );
    return { status, body: JSON.parse(body) as Tree };
  };

  const verdicts = [
    { path: "/own/x", says: "the proxy answers 200 with the text of the route" },
    { path: "/app/x", says: "the request goes to cluster app: 1 of 1 hosts are healthy" },
    { path: "/away", says: "the proxy answers 301 with location http://other.test/away" },
    { path: "/ill", says: "the request goes to cluster ill: 1 of 2 hosts are healthy" },
    { path: "/none", says: "the proxy answers 404 itself (NR): no route of virtual host all matches" },
    { path: "/header", says: "the proxy answers 503 itself (NC): the header that names the cluster is missing" },
    { path: "/v1", says: "the request goes to cluster sorted: 1 of 1 hosts in the subset version=v1 are healthy" },
    {
      path: "/v9",
      says: "the proxy answers 503 itself (UH): cluster sorted has no host in the subset of the request, which asks for version=v9",
    },
    {
      path: "/panics",
      says: "the request goes to cluster panics: none of 1 hosts is healthy, so they are all asked (panic)",
    },
    {
      path: "/refuses",
      says: "the proxy answers 503 itself (UH): cluster refuses has no healthy host that the request may go to",
    },
    { path: "bad", says: "the proxy answers 404 itself: absolute_path_rejected" },
  ];
  for (const { path, says } of verdicts) {
    it(`says of ${path}: ${says}`, async () => {
      const { body } = await explain({ authority: "a.test", path });
      assert.equal(String(body.verdict), says);
    });
  }

  it("agrees with what the proxy does", async () => {
    for (const path of ["/own", "/app/x", "/away", "/none", "/v9", "/panics", "/refuses"]) {
      const real = await requestOnce(proxy.port("ingress"), { target: path, headers: { host: "a.test" } });
      const { outcome } = (await explain({ authority: "a.test", path })).body;
      const { answer, route } = outcome!;
      const status = answer === null ? Number(route!.status) || 200 : Number(answer!.status);
      assert.equal(real.status, status, path);
    }
  });

  it("marks the hosts of the subset that the request may go to", async () => {
    const { outcome } = (await explain({ authority: "a.test", path: "/v1" })).body;
    assert.deepEqual(
      outcome!.cluster!.hosts!.map(({ address, in_subset }) => [String(address), Boolean(in_subset)]),
      [
        [`127.0.0.1:${upstream.port + 1}`, true],
        [`127.0.0.1:${upstream.port + 2}`, false],
      ],
    );
    const { body } = await proxy.post(
      "/explain",
      JSON.stringify({ listener: "ingress", authority: "a.test", path: "/v1" }),
    );
    assert.match(body, /\nHOST +IN SUBSET +HEALTH .*\n127\.0\.0\.1:\d+ +yes +healthy/);
  });

  it("shows policy, hosts with health and weight, and the tried routes", async () => {
    const { outcome, worker, snapshot_version, proposed } = (await explain({ authority: "a.test", path: "/ill" })).body;
    assert.deepEqual([Number(snapshot_version), Boolean(proposed)], [1, false]);
    assert.match(String(worker), /^worker-[12]$/);
    assert.deepEqual(
      outcome!.cluster!.hosts!.map(({ health, weight, status }) => [health, weight, status]),
      [
        ["unhealthy", 1, "unhealthy"],
        ["healthy", 3, "unknown"],
      ],
    );
    assert.equal(outcome!.tried!.length, 4);
    assert.equal(Boolean(outcome!.cluster!.watched), false);
    assert.equal(String(outcome!.cluster!.load_balancer), "ROUND_ROBIN");
    const { body: text } = await proxy.post(
      "/explain",
      JSON.stringify({ listener: "ingress", authority: "a.test", path: "/ill" }),
    );
    assert.match(text, /^2 hosts: 1 healthy, .*; ROUND_ROBIN\nno health checks, no outlier detection: /m);
    const { route } = (await explain({ authority: "a.test", path: "/app" })).body.outcome!;
    assert.deepEqual([route!.name, route!.timeout_ms, route!.retries, route!.retry_on], ["to-app", 3000, 2, ["5xx"]]);
  });

  it("explains on a proposed configuration without touching the one in force", async () => {
    const question = { authority: "a.test", path: "/new/x", config: JSON.stringify(config("/new")) };
    const { body } = await explain(question);
    assert.equal(String(body.verdict), "the request goes to cluster app: 1 of 1 hosts are healthy");
    assert.equal(Boolean(body.proposed), true);
    assert.match(String((await explain({ ...question, config: undefined })).body.verdict), /^the proxy answers 404 /);
    assert.match((await proxy.admin("/config_status?format=json")).body, /"version": 1,/);
  });

  it("names the place of what is wrong with a proposed configuration", async () => {
    const wrong = JSON.stringify({ static_resources: { clusters: [{ nmae: "x" }] } });
    const { status, body } = await explain({ config: wrong });
    assert.equal(status, 400);
    assert.match(String(body.problems![0]), /^request body:1:\d+: static_resources\.clusters\[0\]\.nmae: /);
  });

  it("asks which listener if there are several, and knows them by name, address and the URL's port", async () => {
    const which = await explain({ listener: "", path: "/" });
    const [first, second] = [proxy.port("ingress"), proxy.port("second")];
    assert.deepEqual(
      [which.status, String(which.body.problems![0])],
      [
        404,
        `there are several listeners that could get it: ingress (127.0.0.1:${first}), second (127.0.0.1:${second}); ` +
          'say which with --listener NAME ("listener" in the body of /explain), or by its port in the URL',
      ],
    );
    const byUrl = await explain({ listener: "", authority: undefined, path: undefined, url: `http://a:${second}/` });
    assert.equal(String(byUrl.body.listener!.name), "second");
    const byAuthority = await explain({ listener: "", authority: `a:${first}` });
    assert.equal(String(byAuthority.body.listener!.name), "ingress");
    const address = `127.0.0.1:${proxy.port("second")}`;
    assert.equal(String((await explain({ listener: "", address, authority: "a" })).body.listener!.name), "second");
    const none = await explain({ listener: "third" });
    assert.deepEqual(
      [none.status, String(none.body.problems![0])],
      [404, 'there is no listener "third"; there are: ingress, second'],
    );
  });

  it("is answered by another worker while one is blocked", async () => {
    await proxy.post("/actors/worker-1/block?ms=60000");
    const { body } = await explain({ authority: "a.test", path: "/own" });
    assert.equal(String(body.worker), "worker-2");
    const { status } = await explain({ authority: "a.test", path: "/own", worker: "worker-1" });
    assert.equal(status, 503);
  });
});
