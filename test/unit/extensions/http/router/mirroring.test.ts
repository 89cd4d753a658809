import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { FakeClock } from "../../../../harness/fake-clock.ts";
import { answering, FakeUpstream, hanging, type UpstreamScript } from "../../../../harness/fake-upstream.ts";
import { REFUSING_PORT } from "../../../../harness/refusing-port.ts";
import { loopback, sampleCluster } from "../../../../harness/sample-bootstrap.ts";
import { until } from "../../../../harness/until.ts";
import { Proxied, type ProxiedOptions } from "../../proxied.ts";

const SHADOW = "cluster.shadow.upstream_rq_";

interface Mirrored {
  readonly proxied: Proxied;
  readonly shadow: FakeUpstream;
}

async function start(
  test: TestContext,
  policies: readonly object[],
  more: ProxiedOptions = {},
  script: UpstreamScript | null = answering("copied"),
): Promise<Mirrored> {
  const shadow = await FakeUpstream.start(script ?? undefined);
  test.after(() => shadow.close());
  const routes = [{ match: { prefix: "/" }, route: { cluster: "app", request_mirror_policies: policies } }];
  const clusters = [
    sampleCluster("shadow", [loopback(shadow.port)], { http_protocol_options: { enable_trailers: true } }),
  ];
  const proxied = await Proxied.start(test, { routes, clusters, script: answering("real"), ...more });
  return { proxied, shadow };
}

const TO_SHADOW = [{ cluster: "shadow" }];

describe("Router: a mirrored request", () => {
  it("goes to the other cluster too, as it goes to the real one, with -shadow in its host", async (test) => {
    const { proxied, shadow } = await start(test, TO_SHADOW, {}, null);
    const client = await proxied.client();
    const headers = { host: "a.test:8080", "x-a": "1" };
    const response = await client.request({ method: "POST", target: "/p?q", headers, body: "hello" });
    assert.equal(response.body, "real");
    const copy = await shadow.nextRequest();
    const request = await copy.request();
    assert.deepEqual([copy.method, copy.target, copy.header("host")], ["POST", "/p?q", "a.test-shadow:8080"]);
    assert.deepEqual([request.body.toString(), copy.header("x-a")], ["hello", "1"]);
    assert.equal(copy.header("x-envoy-internal"), "true");
    copy.respond({ status: 500 });
    await until("the response counted", () => proxied.stat(`${SHADOW}500`) === 1);
    assert.deepEqual([proxied.stat(`${SHADOW}total`), proxied.stat("cluster.shadow.internal.upstream_rq_500")], [1, 1]);
    assert.equal(proxied.stat("cluster.app.upstream_rq_200"), 1);
    await until("nothing under way", () => proxied.stat(`${SHADOW}active`) === 0);
  });

  it("keeps its host if it is told to, and has no port to mind", async (test) => {
    const plain = await start(test, TO_SHADOW, {}, null);
    await (await plain.proxied.client()).request({ headers: { host: "a.test" } });
    assert.equal((await plain.shadow.nextRequest()).header("host"), "a.test-shadow");
    const same = await start(test, [{ cluster: "shadow", disable_shadow_host_suffix_append: true }], {}, null);
    await (await same.proxied.client()).request({ headers: { host: "a.test" } });
    assert.equal((await same.shadow.nextRequest()).header("host"), "a.test");
  });

  it("goes to each cluster of its policies, as headers and fractions say", async (test) => {
    const policies = [
      { cluster_header: "x-copy-to" },
      { cluster: "shadow", runtime_fraction: { default_value: { numerator: 0 } } },
    ];
    const { proxied, shadow } = await start(test, policies);
    const client = await proxied.client();
    await client.request({ headers: { "x-copy-to": "shadow" } });
    await until("the copy", () => shadow.requestCount === 1);
    await client.request();
    await client.request({ headers: { "x-copy-to": "nowhere" } });
    assert.equal((await client.request()).body, "real");
    assert.equal(shadow.requestCount, 1);
  });

  it("is copied for the share of requests that the fraction says", async (test) => {
    const random = { uint32: () => 0, fraction: () => 0, uuid: () => "u" };
    const policies = [{ cluster: "shadow", runtime_fraction: { default_value: { numerator: 30 } } }];
    const { proxied, shadow } = await start(test, policies, { random });
    const client = await proxied.client();
    for (let i = 0; i < 100; i++) {
      random.uint32 = () => i;
      await client.request();
    }
    await until("thirty copies", () => proxied.stat(`${SHADOW}200`) === 30);
    assert.equal(shadow.requestCount, 30);
  });

  it("is answered whatever becomes of the copy: refused, reset, hanging or without host", async (test) => {
    const refused = await start(test, TO_SHADOW, { clusters: [sampleCluster("shadow", [loopback(REFUSING_PORT)])] });
    assert.equal((await (await refused.proxied.client()).request()).body, "real");
    await until("the failure counted", () => refused.proxied.stat(`${SHADOW}503`) === 1);
    const empty = await start(test, TO_SHADOW, { clusters: [sampleCluster("shadow", [])] });
    assert.equal((await (await empty.proxied.client()).request()).body, "real");
    assert.equal(empty.proxied.stat(`${SHADOW}503`), 1);
    const reset = await start(test, TO_SHADOW, {}, (exchange) => exchange.reset());
    assert.equal((await (await reset.proxied.client()).request()).body, "real");
    await until("the reset counted", () => reset.proxied.stat(`${SHADOW}503`) === 1);
  });

  it("lets the copy go on after its own answer, for as long as the route's timeout", async (test) => {
    const clock = new FakeClock();
    const { proxied, shadow } = await start(test, TO_SHADOW, { clock }, hanging);
    const client = await proxied.client();
    assert.equal((await client.request()).body, "real");
    client.close();
    await proxied.logged();
    await until("the copy under way", () => shadow.requestCount === 1);
    assert.equal(proxied.stat(`${SHADOW}active`), 1);
    clock.advance(15_010);
    assert.deepEqual([proxied.stat(`${SHADOW}timeout`), proxied.stat(`${SHADOW}504`)], [1, 1]);
    assert.equal(proxied.stat(`${SHADOW}active`), 0);
  });

  it("drops the copy with a request that is never whole", async (test) => {
    const { proxied, shadow } = await start(test, TO_SHADOW, { script: hanging }, hanging);
    const client = await proxied.client();
    client.socket.write("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nhalf");
    await until("the copy under way", () => shadow.requestCount === 1);
    client.close();
    await until("both ended", () => shadow.openConnections === 0 && proxied.upstream.openConnections === 0);
    assert.equal(proxied.stat(`${SHADOW}active`), 0);
  });

  it("gives the copy up when its host takes it too slowly, and is not held up by it", async (test) => {
    const pausing: UpstreamScript = (exchange) => exchange.connection.pause();
    const { proxied } = await start(test, TO_SHADOW, {}, pausing);
    const client = await proxied.client();
    const bytes = 32 * 1024 * 1024;
    const response = await client.request({ method: "POST", body: "x".repeat(bytes) });
    assert.equal(response.body, "real");
    assert.equal(proxied.stat("cluster.app.retry_or_shadow_abandoned"), 1);
    assert.equal(proxied.stat(`${SHADOW}active`), 0);
    assert.ok(proxied.upstream.connections[0]!.receivedBytes > bytes);
  });

  it("is copied piece by piece, with its trailers", async (test) => {
    const { proxied, shadow } = await start(
      test,
      TO_SHADOW,
      { manager: { http_protocol_options: { enable_trailers: true } } },
      null,
    );
    const client = await proxied.client();
    client.socket.write(
      "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nx-t: 1\r\n\r\n",
    );
    const copy = await shadow.nextRequest();
    assert.equal((await copy.request()).body.toString(), "ab");
    assert.match(shadow.received, /\r\n2\r\nab\r\n0\r\nx-t: 1\r\n\r\n$/);
  });

  it("is never a CONNECT or an upgrade", async (test) => {
    const upgrade_configs = [{ upgrade_type: "websocket" }];
    const { proxied, shadow } = await start(test, TO_SHADOW, { manager: { upgrade_configs } });
    const client = await proxied.client();
    const headers = { connection: "upgrade", upgrade: "websocket" };
    assert.equal((await client.request({ headers })).body, "real");
    assert.equal(shadow.requestCount, 0);
  });

  it("inherits the policies of the virtual host, then of the route configuration", async (test) => {
    const routes = [{ match: { prefix: "/" }, route: { cluster: "app" } }];
    for (const at of ["host", "routeConfig"] as const) {
      const virtual_hosts = [{ name: "all", domains: ["*"], routes }];
      const fields = { request_mirror_policies: TO_SHADOW, ...(at === "routeConfig" && { virtual_hosts }) };
      const { proxied, shadow } = await start(test, [], { routes, [at]: fields });
      await (await proxied.client()).request();
      await until(`the copy by the ${at}`, () => shadow.requestCount === 1);
    }
  });

  it("needs one cluster that exists, or a header", async (test) => {
    const refused = (policy: object, problem: RegExp) => assert.rejects(start(test, [policy]), problem);
    await refused({}, /request_mirror_policies\[0\]: needs a cluster or a cluster_header/);
    await refused({ cluster: "shadow", cluster_header: "x" }, /exclude each other/);
    await refused({ cluster: "nowhere" }, /nowhere/);
  });
});
