import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { FakeClock } from "../../../../harness/fake-clock.ts";
import { answering, hanging, type UpstreamScript } from "../../../../harness/fake-upstream.ts";
import { loopback } from "../../../../harness/sample-bootstrap.ts";
import { until } from "../../../../harness/until.ts";
import { Proxied, type ProxiedOptions } from "../../proxied.ts";

const VHOST = "vhost.all.";
const INTERNAL = {
  internal_address_config: { cidr_ranges: [{ address_prefix: "127.0.0.1", prefix_len: 32 }] },
  use_remote_address: true,
};

function routed(route: object = {}, more: object = {}): readonly object[] {
  return [{ match: { prefix: "/" }, route: { cluster: "app", ...route }, ...more }];
}

function routerWith(fields: object): object {
  const typed_config = { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router", ...fields };
  return { http_filters: [{ name: "envoy.filters.http.router", typed_config }] };
}

const VIRTUAL_CLUSTERS = {
  virtual_clusters: [
    { name: "posts", headers: [{ name: ":method", string_match: { exact: "POST" } }] },
    { name: "api", headers: [{ name: ":path", string_match: { prefix: "/api" } }, { name: "x-v" }] },
  ],
};

describe("Router: virtual clusters", () => {
  it("count the requests that match first, and `other` the rest", async (test) => {
    const proxied = await Proxied.start(test, { host: VIRTUAL_CLUSTERS, script: answering() });
    const client = await proxied.client();
    await client.request({ method: "POST", target: "/api", headers: { "x-v": "1" } });
    await client.request({ target: "/api/x", headers: { "x-v": "1" } });
    await client.request({ target: "/api" });
    await proxied.logged(3);
    assert.deepEqual(
      proxied.path.logged.map(({ info }) => info.virtualClusterName),
      ["posts", "api", "other"],
    );
    for (const name of ["posts", "api", "other"]) {
      const of = (stat: string) => proxied.stat(`${VHOST}vcluster.${name}.upstream_rq_${stat}`);
      assert.deepEqual([of("total"), of("completed"), of("2xx"), of("200"), of("timeout")], [1, 1, 1, 1, 0], name);
      assert.equal(proxied.path.stats.samples(`${VHOST}vcluster.${name}.upstream_rq_time`).length, 1);
    }
  });

  it("do not exist for a virtual host without any", async (test) => {
    const proxied = await Proxied.start(test, { script: answering() });
    await (await proxied.client()).request();
    assert.equal(proxied.path.stats.has(`${VHOST}vcluster.other.upstream_rq_total`), false);
    await proxied.logged();
    assert.equal(proxied.path.logged[0]!.info.virtualClusterName, "");
  });

  it("count retries, and those that were not possible", async (test) => {
    const clock = new FakeClock();
    let turn = 0;
    const script: UpstreamScript = (exchange) => exchange.respond({ status: turn++ % 2 === 0 ? 503 : 200 });
    const routes = routed({ retry_policy: { retry_on: "5xx", num_retries: 1 } }, { stat_prefix: "pre" });
    const proxied = await Proxied.start(test, { host: VIRTUAL_CLUSTERS, routes, script, clock });
    const client = await proxied.client();
    let done = false;
    void client.request().then(() => {
      done = true;
    });
    await until("the retry", () => {
      if (proxied.stat("cluster.app.upstream_rq_active") === 0 && turn > 0) clock.advance(10);
      return done;
    });
    for (const scope of ["vcluster.other", "route.pre"]) {
      const of = (stat: string) => proxied.stat(`${VHOST}${scope}.upstream_rq_${stat}`);
      assert.deepEqual([of("retry"), of("retry_success"), of("total"), of("200"), of("503")], [1, 1, 2, 1, 0], scope);
    }
  });

  it("count retries that are too many", async (test) => {
    const routes = routed({ retry_policy: { retry_on: "5xx", num_retries: 0 } }, { stat_prefix: "pre" });
    const proxied = await Proxied.start(test, { host: VIRTUAL_CLUSTERS, routes, script: answering("", 503) });
    await (await proxied.client()).request();
    for (const scope of ["vcluster.other", "route.pre"]) {
      assert.equal(proxied.stat(`${VHOST}${scope}.upstream_rq_retry_limit_exceeded`), 1);
      assert.equal(proxied.stat(`${VHOST}${scope}.upstream_rq_503`), 1);
    }
    const cluster = { circuit_breakers: { thresholds: [{ max_retries: 0 }] } };
    const more = routed({ retry_policy: { retry_on: "5xx" } });
    const full = await Proxied.start(test, {
      host: VIRTUAL_CLUSTERS,
      routes: more,
      cluster,
      script: answering("", 503),
    });
    await (await full.client()).request();
    assert.equal(full.stat(`${VHOST}vcluster.other.upstream_rq_retry_overflow`), 1);
  });

  it("count timeouts, and answers of the proxy", async (test) => {
    const clock = new FakeClock();
    const options = { host: VIRTUAL_CLUSTERS, routes: routed({}, { stat_prefix: "pre" }), script: hanging, clock };
    const proxied = await Proxied.start(test, options);
    const response = (await proxied.client()).request();
    await until("the request sent", () => proxied.upstream.requestCount === 1);
    clock.advance(15_010);
    assert.equal((await response).status, 504);
    for (const scope of ["vcluster.other", "route.pre"]) {
      assert.equal(proxied.stat(`${VHOST}${scope}.upstream_rq_timeout`), 1);
      assert.equal(proxied.stat(`${VHOST}${scope}.upstream_rq_504`), 1);
    }
  });
});

describe("Router: responses by route, zone, canary and other name", () => {
  it("count by the route's stat_prefix, which weighted clusters share", async (test) => {
    const clusters = [
      { name: "app", weight: 1 },
      { name: "nowhere", weight: 0 },
    ];
    const routes = [{ match: { prefix: "/" }, route: { weighted_clusters: { clusters } }, stat_prefix: "pre" }];
    const routeConfig = { validate_clusters: false };
    const proxied = await Proxied.start(test, { routes, routeConfig, script: answering("", 404) });
    await (await proxied.client()).request();
    assert.equal(proxied.stat(`${VHOST}route.pre.upstream_rq_404`), 1);
    assert.equal(proxied.stat(`${VHOST}route.pre.upstream_rq_4xx`), 1);
  });

  const zoned = (zone: string): object => ({
    load_assignment: {
      cluster_name: "app",
      endpoints: [{ locality: { zone }, lb_endpoints: [] }],
    },
  });

  it("count by the zones of proxy and host, if both are known", async (test) => {
    const bootstrap = { node: { id: "n", cluster: "c", locality: { zone: "here" } } };
    for (const [zone, expected] of [
      ["there", 1],
      ["", 0],
    ] as const) {
      const started = await Proxied.start(test, { script: answering(), bootstrap });
      const { upstream } = started;
      const cluster = zoned(zone) as { load_assignment: { endpoints: { lb_endpoints: object[] }[] } };
      cluster.load_assignment.endpoints[0]!.lb_endpoints.push({ endpoint: { address: loopback(upstream.port) } });
      const proxied = await Proxied.start(test, { cluster, bootstrap });
      await (await proxied.client()).request();
      assert.equal(proxied.stat("cluster.app.zone.here.there.upstream_rq_200"), expected);
      assert.equal(proxied.stat("cluster.app.zone.here.there.upstream_rq_completed"), expected);
      assert.equal(proxied.path.stats.samples("cluster.app.zone.here.there.upstream_rq_time").length, expected);
    }
  });

  it("count canaries by the response's header", async (test) => {
    const script: UpstreamScript = (exchange) => exchange.respond({ headers: { "x-envoy-upstream-canary": "true" } });
    const proxied = await Proxied.start(test, { script });
    await (await proxied.client()).request();
    assert.equal(proxied.stat("cluster.app.canary.upstream_rq_200"), 1);
    assert.equal(proxied.stat("cluster.app.upstream_rq_200"), 1);
  });

  it("count once more by the name that a trusted request gives, which goes no further", async (test) => {
    const seen: (string | undefined)[] = [];
    const script: UpstreamScript = (exchange) => {
      seen.push(exchange.header("x-envoy-upstream-alt-stat-name"));
      exchange.respond({});
    };
    const headers = { "x-envoy-upstream-alt-stat-name": "mine" };
    const trusted = await Proxied.start(test, { script, manager: INTERNAL });
    await (await trusted.client()).request({ headers });
    assert.equal(trusted.stat("cluster.app.mine.upstream_rq_200"), 1);
    assert.equal(trusted.stat("cluster.app.mine.internal.upstream_rq_200"), 1);
    assert.equal(trusted.path.stats.samples("cluster.app.mine.upstream_rq_time").length, 1);
    const outside = await Proxied.start(test, { script });
    await (await outside.client()).request({ headers });
    assert.equal(outside.path.stats.has("cluster.app.mine.upstream_rq_200"), false);
    assert.deepEqual(seen, [undefined, undefined]);
  });

  it("make no more than 64 such names for a cluster", async (test) => {
    const proxied = await Proxied.start(test, { script: answering(), manager: INTERNAL });
    const client = await proxied.client();
    for (let i = 0; i < 70; i++) await client.request({ headers: { "x-envoy-upstream-alt-stat-name": `n${i}` } });
    assert.equal(proxied.stat("cluster.app.n63.upstream_rq_200"), 1);
    assert.equal(proxied.path.stats.has("cluster.app.n64.upstream_rq_200"), false);
    assert.equal(proxied.stat("cluster.app.upstream_rq_200"), 70);
  });
});

describe("Router: its own settings", () => {
  const start = (test: TestContext, fields: object, more: ProxiedOptions = {}): Promise<Proxied> =>
    Proxied.start(test, { script: answering(), ...more, manager: { ...routerWith(fields), ...more.manager } });

  it("dynamic_stats: false counts no response by status", async (test) => {
    const proxied = await start(test, { dynamic_stats: false });
    await (await proxied.client()).request();
    assert.equal(proxied.path.stats.has("cluster.app.upstream_rq_200"), false);
    assert.equal(proxied.stat("cluster.app.upstream_rq_total"), 1);
  });

  it("suppress_grpc_request_failure_code_stats counts gRPC responses as completed only", async (test) => {
    const proxied = await start(test, { suppress_grpc_request_failure_code_stats: true });
    const client = await proxied.client();
    await client.request({ headers: { "content-type": "application/grpc" } });
    assert.deepEqual(
      [proxied.stat("cluster.app.upstream_rq_completed"), proxied.stat("cluster.app.upstream_rq_200")],
      [1, 0],
    );
    await client.request();
    assert.equal(proxied.stat("cluster.app.upstream_rq_200"), 1);
  });

  it("strict_check_headers refuses requests whose headers are malformed", async (test) => {
    const names = [
      "x-envoy-max-retries",
      "x-envoy-retry-on",
      "x-envoy-retry-grpc-on",
      "x-envoy-upstream-rq-timeout-ms",
    ];
    const proxied = await start(test, { strict_check_headers: names }, { manager: INTERNAL });
    const client = await proxied.client();
    const wrong: Record<string, string> = {
      "x-envoy-max-retries": "some",
      "x-envoy-retry-on": "5xx,nonsense",
      "x-envoy-retry-grpc-on": "5xx",
      "x-envoy-upstream-rq-timeout-ms": "1s",
    };
    let count = 0;
    for (const name of names) {
      const response = await client.request({ headers: { [name]: wrong[name]! } });
      assert.equal(response.status, 400);
      assert.equal(response.body, `invalid header '${name}' with value '${wrong[name]}'`);
      const details = `request_headers_failed_strict_check{${name}}`;
      assert.deepEqual(await proxied.logged(++count), { status: 400, flags: "IH", details });
    }
    const right = { "x-envoy-max-retries": "1", "x-envoy-retry-on": "5xx, reset", "x-envoy-retry-grpc-on": "internal" };
    assert.equal((await client.request({ headers: right })).status, 200);
    assert.equal(proxied.upstream.requestCount, 1);
  });

  it("respect_expected_rq_timeout takes the time that a proxy before this one has promised", async (test) => {
    for (const [respects, details] of [
      [true, "response_timeout"],
      [false, ""],
    ] as const) {
      const clock = new FakeClock();
      const fields = { respect_expected_rq_timeout: respects };
      const proxied = await start(test, fields, { script: hanging, clock, manager: INTERNAL });
      const response = (await proxied.client()).request({ headers: { "x-envoy-expected-rq-timeout-ms": "500" } });
      await until("the request sent", () => proxied.upstream.requestCount === 1);
      clock.advance(510);
      assert.equal(proxied.stat("cluster.app.upstream_rq_timeout"), respects ? 1 : 0);
      if (details !== "") {
        assert.equal((await response).status, 504);
        assert.equal((await proxied.logged()).details, details);
      } else {
        response.catch(() => {});
      }
    }
  });
});
