import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import type { Proxied } from "../../proxied.ts";
import { filtered, routeWith, typed } from "../filtered.ts";

const ORIGIN = "https://app.example";
const POLICY = {
  allow_origin_string_match: [{ suffix: ".example" }],
  allow_methods: "GET, PUT",
  allow_headers: "x-a",
  expose_headers: "x-b",
  max_age: "60",
  allow_credentials: true,
  allow_private_network_access: true,
};
const NEVER = { default_value: { numerator: 0 } };
const ALWAYS = { default_value: { numerator: 100 } };

function start(test: TestContext, policy: object, host: object = {}): Promise<Proxied> {
  return filtered(test, "cors", "Cors", {}, { routes: [routeWith("/", "cors", "CorsPolicy", policy)], host });
}

const preflight = (origin = ORIGIN) => ({
  method: "OPTIONS",
  headers: {
    origin,
    "access-control-request-method": "PUT",
    "access-control-request-headers": "x-q",
    "access-control-request-private-network": "true",
  },
});

describe("The cors filter", () => {
  it("answers the preflight of an origin that is allowed", async (test) => {
    const proxied = await start(test, POLICY);
    const response = await (await proxied.client()).request(preflight());
    assert.equal(response.status, 200);
    const expected = {
      "access-control-allow-origin": ORIGIN,
      "access-control-allow-methods": "GET, PUT",
      "access-control-allow-headers": "x-a",
      "access-control-allow-credentials": "true",
      "access-control-allow-private-network": "true",
      "access-control-max-age": "60",
      "access-control-expose-headers": "x-b",
    };
    for (const [name, value] of Object.entries(expected)) assert.equal(response.header(name), value, name);
    assert.equal(proxied.upstream.requestCount, 0);
    assert.deepEqual(await proxied.logged(), { status: 200, flags: "", details: "cors_response" });
    assert.equal(proxied.stat("http.ingress.cors.origin_valid"), 1);
  });

  it("repeats what was asked for where everything is allowed", async (test) => {
    const proxied = await start(test, { ...POLICY, allow_methods: "*", allow_headers: "*" });
    const response = await (await proxied.client()).request(preflight());
    assert.equal(response.header("access-control-allow-methods"), "PUT");
    assert.equal(response.header("access-control-allow-headers"), "x-q");
  });

  it("passes the preflight of another origin on, or answers it without allowing anything", async (test) => {
    const forwarding = await start(test, POLICY);
    const passed = await (await forwarding.client()).request(preflight("https://evil.test"));
    assert.equal(passed.body, "up");
    assert.equal(passed.header("access-control-allow-origin"), undefined);
    assert.equal(forwarding.stat("http.ingress.cors.origin_invalid"), 1);
    const answering = await start(test, { ...POLICY, forward_not_matching_preflights: false });
    const answered = await (await answering.client()).request(preflight("https://evil.test"));
    assert.equal(answered.status, 200);
    assert.equal(answered.header("access-control-allow-origin"), undefined);
    assert.equal(answering.upstream.requestCount, 0);
  });

  it("marks responses for origins that are allowed", async (test) => {
    const proxied = await start(test, POLICY);
    const response = await (await proxied.client()).request({ headers: { origin: ORIGIN } });
    assert.equal(response.body, "up");
    assert.equal(response.header("access-control-allow-origin"), ORIGIN);
    assert.equal(response.header("access-control-expose-headers"), "x-b");
    const other = await (await proxied.client()).request({ headers: { origin: "https://evil.test" } });
    assert.equal(other.header("access-control-allow-origin"), undefined);
    const none = await (await proxied.client()).request();
    assert.equal(none.header("access-control-allow-origin"), undefined);
  });

  it("takes each field from the most specific level that has it", async (test) => {
    const host = { typed_per_filter_config: { cors: typed("cors", "CorsPolicy", { ...POLICY, max_age: "1" }) } };
    const proxied = await start(test, { max_age: "2", allow_credentials: false }, host);
    const response = await (await proxied.client()).request(preflight());
    assert.equal(response.header("access-control-max-age"), "2");
    assert.equal(response.header("access-control-allow-credentials"), undefined);
    assert.equal(response.header("access-control-allow-origin"), ORIGIN);
  });

  it("only counts in the shadow, and does nothing when it is off", async (test) => {
    const shadow = await start(test, { ...POLICY, filter_enabled: NEVER, shadow_enabled: ALWAYS });
    const counted = await (await shadow.client()).request(preflight());
    assert.equal(counted.body, "up");
    assert.equal(counted.header("access-control-allow-origin"), undefined);
    assert.equal(shadow.stat("http.ingress.cors.origin_valid"), 1);
    const off = await start(test, { ...POLICY, filter_enabled: NEVER });
    assert.equal((await (await off.client()).request(preflight())).body, "up");
    assert.equal(off.stat("http.ingress.cors.origin_valid"), 0);
  });
});
