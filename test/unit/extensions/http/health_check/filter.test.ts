import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FakeClock } from "../../../../harness/fake-clock.ts";
import { answering } from "../../../../harness/fake-upstream.ts";
import { loopback, sampleCluster } from "../../../../harness/sample-bootstrap.ts";
import { filtered } from "../filtered.ts";

const CHECK = [{ name: ":path", string_match: { exact: "/healthz" } }];
const LOCAL = { pass_through_mode: false, headers: CHECK };
const PASSING = { pass_through_mode: true, headers: CHECK };

/** Endpoints of which the first ones are healthy. */
function cluster(name: string, healthy: number, degraded: number, total: number): object {
  const lb_endpoints = Array.from({ length: total }, (_, at) => ({
    endpoint: { address: loopback(1 + at) },
    health_status: at < healthy ? "HEALTHY" : at < healthy + degraded ? "DEGRADED" : "UNHEALTHY",
  }));
  return sampleCluster(name, [], { load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints }] } });
}

describe("The health_check filter", () => {
  it("answers checks itself, and marks them for the access log", async (test) => {
    const proxied = await filtered(test, "health_check", "HealthCheck", LOCAL);
    const client = await proxied.client();
    const response = await client.request({ target: "/healthz" });
    assert.deepEqual([response.status, response.body], [200, ""]);
    assert.equal(response.header("x-envoy-upstream-healthchecked-cluster"), "");
    assert.deepEqual(await proxied.logged(), { status: 200, flags: "", details: "health_check_ok" });
    assert.equal(proxied.path.logged[0]!.info.healthCheck, true);
    assert.equal(proxied.upstream.connections.length, 0);
  });

  it("lets all other requests pass, which are no checks", async (test) => {
    const proxied = await filtered(test, "health_check", "HealthCheck", LOCAL);
    const response = await (await proxied.client()).request({ target: "/healthz/more" });
    assert.equal(response.body, "up");
    assert.equal(response.header("x-envoy-upstream-healthchecked-cluster") !== undefined, false);
    await proxied.logged();
    assert.equal(proxied.path.logged[0]!.info.healthCheck, false);
  });

  it("waits for the body of a check and answers then", async (test) => {
    const proxied = await filtered(test, "health_check", "HealthCheck", LOCAL);
    const client = await proxied.client();
    const response = await client.request({ method: "POST", target: "/healthz", body: "x".repeat(100_000) });
    assert.equal(response.status, 200);
    assert.equal((await client.request({ target: "/healthz" })).status, 200, "on the same connection");
  });

  it("fails checks while the server is to fail, and says so in all other responses", async (test) => {
    const proxied = await filtered(test, "health_check", "HealthCheck", PASSING);
    proxied.path.condition.healthCheckFailed = true;
    const client = await proxied.client();
    const check = await client.request({ target: "/healthz" });
    assert.equal(check.status, 503);
    assert.equal(check.header("x-envoy-immediate-health-check-fail") !== undefined, false);
    assert.deepEqual(await proxied.logged(), { status: 503, flags: "LH", details: "health_check_failed" });
    const other = await (await proxied.client()).request({});
    assert.deepEqual([other.status, other.header("x-envoy-immediate-health-check-fail")], [200, "true"]);
    proxied.path.condition.healthCheckFailed = false;
    assert.equal((await (await proxied.client()).request({ target: "/healthz" })).status, 200);
  });

  it("sends checks on in pass-through mode", async (test) => {
    const proxied = await filtered(test, "health_check", "HealthCheck", PASSING, { script: answering("up", 202) });
    const response = await (await proxied.client()).request({ target: "/healthz" });
    assert.equal(response.status, 202);
    assert.equal(response.header("x-envoy-upstream-healthchecked-cluster"), "");
    assert.equal((await proxied.logged()).details, "via_upstream");
    assert.equal(proxied.path.logged[0]!.info.healthCheck, true);
  });

  it("gives an upstream's answer again for cache_time, degraded or not", async (test) => {
    const clock = new FakeClock();
    const proxied = await filtered(
      test,
      "health_check",
      "HealthCheck",
      { ...PASSING, cache_time: "1s" },
      { clock, script: (exchange) => exchange.respond({ status: 500, headers: { "x-envoy-degraded": "" } }) },
    );
    const client = await proxied.client();
    assert.equal((await client.request({ target: "/healthz" })).status, 500);
    proxied.upstream.setScript(answering());
    const cached = await client.request({ target: "/healthz" });
    assert.deepEqual([cached.status, cached.header("x-envoy-degraded")], [500, ""]);
    assert.deepEqual(await proxied.logged(2), { status: 500, flags: "LH", details: "health_check_cached" });
    clock.advance(1000);
    assert.equal((await client.request({ target: "/healthz" })).status, 200);
  });

  const clusters = [cluster("half", 1, 1, 4), cluster("empty", 0, 0, 0), cluster("most", 3, 0, 4)];
  const cases: readonly (readonly [percentages: Record<string, number>, status: number, details: string])[] = [
    [{ half: 50, most: 75 }, 200, "health_check_ok_cluster_healthy"],
    [{ half: 50.9 }, 200, "health_check_ok_cluster_healthy"],
    [{ most: 75, half: 51 }, 503, "health_check_failed_cluster_unhealthy"],
    [{ none: 0 }, 503, "health_check_failed_no_cluster_found"],
    [{ empty: 1 }, 503, "health_check_failed_cluster_empty"],
    [{ empty: 0 }, 200, "health_check_ok_cluster_healthy"],
  ];
  for (const [percentages, status, details] of cases) {
    it(`answers ${status} for ${JSON.stringify(percentages)}`, async (test) => {
      const wanted = Object.entries(percentages).map(([name, value]) => [name, { value }]);
      const fields = { ...LOCAL, cluster_min_healthy_percentages: Object.fromEntries(wanted) };
      const proxied = await filtered(test, "health_check", "HealthCheck", fields, { clusters });
      assert.equal((await (await proxied.client()).request({ target: "/healthz" })).status, status);
      assert.deepEqual(await proxied.logged(), { status, flags: status === 503 ? "LH" : "", details });
    });
  }

  it("can cache only what upstreams answer", async (test) => {
    const fields = { ...LOCAL, cache_time: "1s" };
    await assert.rejects(filtered(test, "health_check", "HealthCheck", fields), /cache_time.*pass_through_mode/s);
  });

  it("needs to know whether it passes through", async (test) => {
    await assert.rejects(filtered(test, "health_check", "HealthCheck", {}), /pass_through_mode/);
  });
});

describe("A response with x-envoy-immediate-health-check-fail", () => {
  const script = (exchange: { respond(response: object): void }): void =>
    exchange.respond({ headers: { "x-envoy-immediate-health-check-fail": "true" } });

  it("is passed on, and of a cluster without health checks nobody hears of it", async (test) => {
    const proxied = await filtered(test, "health_check", "HealthCheck", LOCAL, { script });
    const response = await (await proxied.client()).request({});
    assert.equal(response.header("x-envoy-immediate-health-check-fail"), "true");
    assert.deepEqual(proxied.path.failedHosts, []);
  });
});
