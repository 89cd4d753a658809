import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { FakeUpstream, hanging, type UpstreamScript } from "../../../../harness/fake-upstream.ts";
import { clusterRoute, loopback, sampleCluster } from "../../../../harness/sample-bootstrap.ts";
import { until } from "../../../../harness/until.ts";
import type { Proxied, ProxiedOptions } from "../../proxied.ts";
import { filtered, routeWith } from "../filtered.ts";

const names = (...patterns: string[]): object => ({ patterns: patterns.map((exact) => ({ exact })) });

/** A proxy whose filter asks a service that does as `script` says. */
async function start(
  t: TestContext,
  script: UpstreamScript,
  { http = {}, ...fields }: Record<string, object | boolean | string> & { http?: object } = {},
  options: ProxiedOptions = {},
): Promise<[Proxied, FakeUpstream]> {
  const service = await FakeUpstream.start(script);
  t.after(() => service.close());
  const clusters = [sampleCluster("authz", [loopback(service.port)])];
  const server_uri = { uri: "http://authz.test/base", cluster: "authz", timeout: "30s" };
  const config = { http_service: { server_uri, ...http }, ...fields };
  const proxied = await filtered(t, "ext_authz", "ExtAuthz", config, { clusters, ...options });
  return [proxied, service];
}

const ok =
  (headers: Record<string, string> = {}): UpstreamScript =>
  (exchange) =>
    exchange.respond({ headers });

describe("The ext_authz filter with an HTTP service", () => {
  it("asks with method, path, host and some headers, and lets pass what is OK", async (t) => {
    const [proxied, service] = await start(t, ok(), {
      http: {
        path_prefix: "/check",
        authorization_request: {
          headers_to_add: [
            { key: "x-from", value: "troupe" },
            { key: "x-client", value: "%REQ(x-other)% %PROTOCOL%" },
            { key: "x-raw", raw_value: Buffer.from("r\u00e9").toString("base64") },
          ],
        },
      },
      allowed_headers: names("x-user", "x-secret"),
      disallowed_headers: names("x-secret"),
    });
    const client = await proxied.client();
    const headers = { host: "me.test", authorization: "Bearer a", "x-user": "ann", "x-secret": "s", "x-other": "o" };
    const answer = await client.request({ method: "PUT", target: "/a?b=1", headers, body: "body" });
    assert.deepEqual([answer.status, answer.body], [200, "up"]);
    const asked = service.received;
    assert.match(asked, /^PUT \/check\/a\?b=1 HTTP\/1.1\r\nhost: me.test\r\n/);
    for (const line of [
      "authorization: Bearer a",
      "x-user: ann",
      "x-from: troupe",
      "x-client: o HTTP/1.1",
      "content-length: 0",
    ]) {
      assert.ok(asked.includes(`\r\n${line}\r\n`), `${line} in ${asked}`);
    }
    assert.ok(asked.includes("\r\nx-raw: r\xc3\xa9\r\n"), asked);
    assert.doesNotMatch(asked, /x-secret|x-other/);
    assert.equal(proxied.stat("http.ingress.ext_authz.ok"), 1);
    assert.equal(proxied.stat("cluster.app.ext_authz.ok"), 1);
    assert.equal(proxied.stat("cluster.authz.upstream_rq_200"), 1);
  });

  it("changes the request and the response as an OK says", async (t) => {
    const headers = {
      "x-user": "ann",
      "x-group": "b",
      "x-ignored": "1",
      "x-envoy-auth-headers-to-remove": "cookie, x-gone",
      "set-cookie": "s=1",
      "x-meta": "m",
    };
    const http = {
      authorization_response: {
        allowed_upstream_headers: names("x-user"),
        allowed_upstream_headers_to_append: names("x-group"),
        allowed_client_headers_on_success: names("set-cookie"),
        dynamic_metadata_from_headers: names("x-meta"),
      },
    };
    const [proxied] = await start(t, ok(headers), { http });
    const client = await proxied.client();
    const sent = { cookie: "c=1", "x-gone": "1", "x-user": "bob", "x-group": "a", "x-ignored": "0" };
    const answer = await client.request({ headers: sent });
    assert.equal(answer.header("set-cookie"), "s=1");
    const { received } = proxied.upstream;
    for (const line of ["x-user: ann", "x-group: a", "x-group: b", "x-ignored: 0"]) {
      assert.ok(received.includes(`\r\n${line}\r\n`), `${line} in ${received}`);
    }
    assert.doesNotMatch(received, /x-gone|cookie|bob/);
  });

  it("answers as a denial says", async (t) => {
    const deny: UpstreamScript = (exchange) =>
      exchange.respond({
        status: 401,
        headers: { "www-authenticate": "Basic", "x-why": "no", "content-type": "application/json" },
        body: "{}",
      });
    const [proxied] = await start(t, deny, { stat_prefix: "waf" });
    const client = await proxied.client();
    const answer = await client.request();
    assert.deepEqual(
      [
        answer.status,
        answer.body,
        answer.header("x-why"),
        answer.header("content-type"),
        answer.header("content-length"),
      ],
      [401, "{}", "no", "application/json", "2"],
    );
    assert.deepEqual(await proxied.logged(), { status: 401, flags: "UAEX", details: "ext_authz_denied" });
    assert.equal(proxied.stat("http.ingress.ext_authz.waf.denied"), 1);
    assert.equal(proxied.stat("cluster.app.ext_authz.waf.denied"), 1);
    assert.equal(proxied.stat("cluster.app.upstream_rq_401"), 1);
    assert.equal(proxied.upstream.requestCount, 0);
    assert.equal((await client.request()).status, 401);
  });

  it("gives the client only the headers that it may have", async (t) => {
    const deny: UpstreamScript = (exchange) =>
      exchange.respond({ status: 403, headers: { location: "/login", "x-why": "no", "x-inner": "1" } });
    const [proxied] = await start(t, deny, {
      http: { authorization_response: { allowed_client_headers: names("x-why") } },
      charge_cluster_response_stats: false,
    });
    const answer = await (await proxied.client()).request();
    assert.deepEqual(
      [answer.header("location"), answer.header("x-why"), answer.header("x-inner")],
      ["/login", "no", undefined],
    );
    assert.equal(proxied.stat("cluster.app.upstream_rq_403"), 0);
  });

  for (const [what, script] of [
    ["answers 500", (exchange) => exchange.respond({ status: 500 })],
    ["resets", (exchange) => exchange.reset()],
  ] satisfies [string, UpstreamScript][]) {
    it(`refuses requests if the service ${what}`, async (t) => {
      const [proxied] = await start(t, script);
      assert.equal((await (await proxied.client()).request()).status, 403);
      assert.deepEqual(await proxied.logged(), { status: 403, flags: "UAEX", details: "ext_authz_error" });
      assert.equal(proxied.stat("http.ingress.ext_authz.error"), 1);
      assert.equal(proxied.stat("cluster.app.ext_authz.error"), 1);
    });

    it(`lets them pass, if configured so, if the service ${what}`, async (t) => {
      const [proxied] = await start(t, script, { failure_mode_allow: true, failure_mode_allow_header_add: true });
      assert.equal((await (await proxied.client()).request()).status, 200);
      assert.match(proxied.upstream.received, /\r\nx-envoy-auth-failure-mode-allowed: true\r\n/);
      assert.equal(proxied.stat("http.ingress.ext_authz.failure_mode_allowed"), 1);
    });
  }

  it("waits no longer than its timeout", async (t) => {
    const server_uri = { uri: "authz.test", cluster: "authz", timeout: "0.05s" };
    const [proxied] = await start(t, hanging, {
      http: { server_uri },
      status_on_error: { code: "ServiceUnavailable" },
    });
    assert.equal((await (await proxied.client()).request()).status, 503);
    assert.equal((await proxied.logged()).details, "ext_authz_error");
    assert.equal(proxied.stat("cluster.authz.upstream_rq_timeout"), 1);
  });

  it("gives up the question when the client leaves", async (t) => {
    const [proxied, service] = await start(t, hanging);
    const client = await proxied.client();
    client.request().catch(() => {});
    await until("the question", () => service.requestCount === 1);
    client.close();
    await until("the end of it", () => service.openConnections === 0);
    assert.equal(proxied.stat("cluster.authz.upstream_rq_tx_reset"), 1);
  });

  it("sends the body along, whole or in part", async (t) => {
    const echoed: string[] = [];
    const listen: UpstreamScript = async (exchange) => {
      const { body } = await exchange.request();
      echoed.push(`${exchange.header("x-envoy-auth-partial-body")} ${body.toString()}`);
      exchange.respond({});
    };
    const whole = await start(t, listen, { with_request_body: { max_request_bytes: 10 } });
    const client = await whole[0].client();
    assert.equal((await client.request({ method: "POST", body: "0123456789" })).status, 200);
    assert.equal((await client.request({ method: "POST", body: "0123456789a" })).status, 413);
    const part = await start(t, listen, { with_request_body: { max_request_bytes: 10, allow_partial_message: true } });
    const other = await part[0].client();
    const body = "0123456789".repeat(3);
    assert.equal((await other.request({ method: "POST", body })).status, 200);
    assert.ok(part[0].upstream.received.endsWith(body));
    assert.deepEqual(echoed, ["false 0123456789", "true 0123456789"]);
  });

  it("obeys the route", async (t) => {
    const perRoute = (prefix: string, fields: object): object =>
      routeWith(prefix, "ext_authz", "ExtAuthzPerRoute", fields);
    const routes = [
      perRoute("/open", { disabled: true }),
      perRoute("/bare", { check_settings: { disable_request_body_buffering: true } }),
      clusterRoute("app"),
    ];
    const [proxied, service] = await start(t, ok(), { with_request_body: { max_request_bytes: 3 } }, { routes });
    const client = await proxied.client();
    assert.equal((await client.request({ target: "/open" })).status, 200);
    assert.equal(service.requestCount, 0);
    assert.equal((await client.request({ method: "POST", target: "/bare", body: "long body" })).status, 200);
    assert.equal(service.requestCount, 1);
    assert.equal((await client.request({ method: "POST", target: "/", body: "long body" })).status, 413);
  });

  it("can be off, and refuse what it does not check", async (t) => {
    const off = { filter_enabled: { default_value: { numerator: 0 } } };
    const [open, service] = await start(t, ok(), off);
    assert.equal((await (await open.client()).request()).status, 200);
    assert.equal(open.stat("http.ingress.ext_authz.disabled"), 1);
    const [shut] = await start(t, ok(), { ...off, deny_at_disable: { default_value: true, runtime_key: "x" } });
    assert.equal((await (await shut.client()).request()).status, 403);
    assert.deepEqual(await shut.logged(), { status: 403, flags: "UAEX", details: "ext_authz_error" });
    assert.equal(service.requestCount, 0);
  });

  it("chooses the route anew where the service has changed headers", async (t) => {
    const http = { authorization_response: { allowed_upstream_headers: names("x-to") } };
    const routes = [
      {
        match: { prefix: "/", headers: [{ name: "x-to", string_match: { exact: "b" } }] },
        direct_response: { status: 299 },
      },
      clusterRoute("app"),
    ];
    for (const [clear_route_cache, status] of [
      [true, 299],
      [false, 200],
    ] as const) {
      const [proxied] = await start(t, ok({ "x-to": "b" }), { http, clear_route_cache }, { routes });
      assert.equal((await (await proxied.client()).request()).status, status);
    }
  });

  it("refuses configurations that name no service or no cluster", async (t) => {
    for (const [fields, problem] of [
      [{}, /grpc_service or http_service is required/],
      [{ http_service: {} }, /a URI and a cluster are required/],
      [{ http_service: { server_uri: { uri: "x", cluster: "none", timeout: "1s" } } }, /none/],
    ] as const) {
      await assert.rejects(filtered(t, "ext_authz", "ExtAuthz", fields), problem);
    }
  });
});
