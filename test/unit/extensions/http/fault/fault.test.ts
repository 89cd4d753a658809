import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { FakeClock } from "../../../../harness/fake-clock.ts";
import { FilterStage } from "../../../../harness/filter-stage.ts";
import { makeFilter } from "../../../../harness/filter-under-test.ts";
import { until } from "../../../../harness/until.ts";
import type { Proxied } from "../../proxied.ts";
import { filtered, routeWith } from "../filtered.ts";

const ALL = { numerator: 100 };
const ABORT = { abort: { http_status: 418, percentage: ALL } };

function start(test: TestContext, fault: object, options: object = {}): Promise<Proxied> {
  return filtered(test, "fault", "HTTPFault", fault, options);
}

async function statusOf(proxied: Proxied, headers: Record<string, string> = {}, target = "/"): Promise<number> {
  return (await (await proxied.client()).request({ headers, target })).status;
}

const stat = (proxied: Proxied, name: string): number => proxied.stat(`http.ingress.fault.${name}`);

describe("The fault filter", () => {
  it("answers requests with a status", async (test) => {
    const proxied = await start(test, { ...ABORT, filter_metadata: { why: "test" } });
    const headers = { "x-envoy-downstream-service-cluster": "shop" };
    const response = await (await proxied.client()).request({ headers });
    assert.deepEqual([response.status, response.body], [418, "fault filter abort"]);
    assert.deepEqual(await proxied.logged(), { status: 418, flags: "FI", details: "fault_filter_abort" });
    assert.deepEqual([stat(proxied, "aborts_injected"), stat(proxied, "active_faults")], [1, 0]);
    assert.equal(stat(proxied, "shop.aborts_injected"), 1);
    const metadata = proxied.path.logged[0]!.info.dynamicMetadata?.get("envoy.filters.http.fault");
    assert.deepEqual({ ...metadata }, { why: "test" });
  });

  it("answers gRPC requests with a gRPC status", async (test) => {
    const proxied = await start(test, { abort: { grpc_status: 8, percentage: ALL } });
    const response = await (await proxied.client()).request({ headers: { "content-type": "application/grpc" } });
    assert.deepEqual([response.status, response.header("grpc-status")], [200, "8"]);
  });

  it("delays requests, and can abort them afterwards", async (test) => {
    const clock = new FakeClock();
    const delay = { fixed_delay: "3s", percentage: ALL };
    const proxied = await start(test, { delay }, { clock });
    const response = (await proxied.client()).request({ method: "POST", body: "body" });
    await until("the delay", () => stat(proxied, "active_faults") === 1);
    clock.advance(2900);
    assert.equal(proxied.upstream.requestCount, 0);
    clock.advance(200);
    assert.equal((await response).body, "up");
    assert.equal((await proxied.logged()).flags, "DI");
    assert.deepEqual([stat(proxied, "delays_injected"), stat(proxied, "active_faults")], [1, 0]);

    const both = await start(test, { delay, ...ABORT }, { clock });
    const aborted = (await both.client()).request();
    await until("the delay", () => stat(both, "active_faults") === 1);
    clock.advance(3100);
    assert.equal((await aborted).status, 418);
    assert.equal((await both.logged()).flags, "DI,FI");
  });

  it("does what the request's headers ask for, where that is allowed", async (test) => {
    const fault = { abort: { header_abort: {}, percentage: ALL } };
    const proxied = await start(test, fault);
    const cases: readonly (readonly [Record<string, string>, number])[] = [
      [{}, 200],
      [{ "x-envoy-fault-abort-request": "503" }, 503],
      [{ "x-envoy-fault-abort-request": "99" }, 200],
      [{ "x-envoy-fault-abort-request": "600" }, 200],
      [{ "x-envoy-fault-abort-request": "abc" }, 200],
      [{ "x-envoy-fault-abort-request": "503", "x-envoy-fault-abort-request-percentage": "0" }, 200],
    ];
    for (const [headers, status] of cases) {
      assert.equal(await statusOf(proxied, headers), status, JSON.stringify(headers));
    }
    const none = await start(test, { abort: { header_abort: {} } });
    const all = { "x-envoy-fault-abort-request": "503", "x-envoy-fault-abort-request-percentage": "100" };
    assert.equal(await statusOf(none, all), 200);
  });

  it("looks at headers, nodes and the cluster first", async (test) => {
    const headers = [{ name: "x-chaos", string_match: { exact: "1" } }];
    const proxied = await start(test, { ...ABORT, headers, downstream_nodes: ["n1"], upstream_cluster: "app" });
    const node = "x-envoy-downstream-service-node";
    assert.equal(await statusOf(proxied, { "x-chaos": "1", [node]: "n1" }), 418);
    assert.equal(await statusOf(proxied, { "x-chaos": "2", [node]: "n1" }), 200);
    assert.equal(await statusOf(proxied, { "x-chaos": "1", [node]: "n2" }), 200);
    const other = await start(test, { ...ABORT, upstream_cluster: "other" });
    assert.equal(await statusOf(other), 200);
  });

  it("stops at the largest number of faults at a time", async (test) => {
    const clock = new FakeClock();
    const fault = { delay: { fixed_delay: "3s", percentage: ALL }, max_active_faults: 1 };
    const proxied = await start(test, fault, { clock });
    const first = (await proxied.client()).request();
    await until("the delay", () => stat(proxied, "active_faults") === 1);
    assert.equal(await statusOf(proxied), 200);
    assert.equal(stat(proxied, "faults_overflow"), 1);
    clock.advance(3100);
    await first;
  });

  it("follows the route", async (test) => {
    const routes = [routeWith("/a", "fault", "HTTPFault", ABORT), routeWith("/", "fault", "HTTPFault", {})];
    const proxied = await start(test, { abort: { http_status: 500, percentage: ALL } }, { routes });
    assert.equal(await statusOf(proxied, {}, "/a"), 418);
    assert.equal(await statusOf(proxied, {}, "/b"), 200);
  });

  it("sends responses no faster than the limit, and pauses what comes faster", async () => {
    const limit = { fixedLimit: { limitKbps: "1" }, percentage: ALL };
    const { factory } = await makeFilter("fault", { responseRateLimit: limit });
    const stage = new FilterStage({ bufferLimitBytes: 1000 });
    stage.add([{ name: "fault", factory }]);
    const pauses: string[] = [];
    stage.manager.setDownstreamWatermarkCallbacks({
      onAboveWriteBufferHighWatermark: () => pauses.push("above"),
      onBelowWriteBufferLowWatermark: () => pauses.push("below"),
    });
    stage.decodeHeaders(true);
    stage.respond();
    stage.respondData("x".repeat(2048));
    assert.equal(stage.body.length, 51);
    assert.deepEqual(pauses, ["above"]);
    stage.respondTrailers();
    stage.clock.advance(1000);
    assert.ok(Math.abs(stage.body.length - 1075) <= 60, String(stage.body.length));
    stage.clock.advance(1100);
    assert.equal(stage.body.length, 2048);
    assert.deepEqual(pauses, ["above", "below"]);
    assert.equal(stage.log.at(-1), "out trailers t=1");
    assert.equal(stage.timers.armedCount, 0);
  });
});
