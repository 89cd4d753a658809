import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import type { UpstreamScript } from "../../../../harness/fake-upstream.ts";
import { Proxied, type ProxiedOptions } from "../../proxied.ts";

const HTTP = "http.ingress.";
const CLUSTER = "cluster.app.upstream_internal_redirect_";
const PREDICATES = "type.googleapis.com/envoy.extensions.internal_redirect";

interface Seen {
  readonly method: string;
  readonly target: string;
  readonly host: string | undefined;
  readonly body: string;
  header(name: string): string | undefined;
}

interface Redirecting {
  readonly proxied: Proxied;
  readonly seen: Seen[];
}

/** Answers `/to` and what it does not know with 200; `redirects` says where other paths lead. */
function script(seen: Seen[], redirects: Readonly<Record<string, string | readonly [number, string]>>): UpstreamScript {
  return async (exchange) => {
    const body = (await exchange.request()).body.toString();
    seen.push({
      method: exchange.method,
      target: exchange.target,
      host: exchange.header("host"),
      body,
      header: (name) => exchange.header(name),
    });
    const redirect = redirects[exchange.target];
    if (redirect === undefined) {
      exchange.respond({ body: `at ${exchange.target}` });
      return;
    }
    const [status, location] = typeof redirect === "string" ? [302, redirect] : redirect;
    exchange.respond({ status, headers: { location, "x-copied": "new", "x-other": "1" }, body: "moved" });
  };
}

async function start(
  test: TestContext,
  redirects: Readonly<Record<string, string | readonly [number, string]>>,
  policy: object = {},
  more: ProxiedOptions = {},
): Promise<Redirecting> {
  const seen: Seen[] = [];
  const route = { cluster: "app", internal_redirect_policy: policy };
  const routes = [
    { name: "one", match: { prefix: "/one" }, route },
    { name: "two", match: { prefix: "/two" }, route },
    { name: "rest", match: { prefix: "/" }, route },
  ];
  const host = { domains: ["a.test", "b.test"] };
  return { proxied: await Proxied.start(test, { routes, host, script: script(seen, redirects), ...more }), seen };
}

const AT_A = { headers: { host: "a.test" } };

describe("Router: an internal redirect", () => {
  it("is followed without the client's knowing: host, path and query are those of the location", async (test) => {
    const { proxied, seen } = await start(test, { "/one?q": "http://b.test/two?r=1#part" });
    const client = await proxied.client();
    const response = await client.request({ target: "/one?q", ...AT_A });
    assert.deepEqual([response.status, response.body], [200, "at /two?r=1"]);
    assert.deepEqual(
      seen.map(({ host, target }) => `${host}${target}`),
      ["a.test/one?q", "b.test/two?r=1"],
    );
    assert.equal(seen[1]!.header("x-envoy-original-url"), "http://a.test/one?q");
    assert.equal(seen[0]!.header("x-request-id"), seen[1]!.header("x-request-id"));
    assert.deepEqual([proxied.stat(`${CLUSTER}succeeded_total`), proxied.stat(`${CLUSTER}failed_total`)], [1, 0]);
    assert.deepEqual([proxied.stat(`${HTTP}rq_total`), proxied.stat(`${HTTP}downstream_rq_total`)], [2, 2]);
    assert.deepEqual(
      [proxied.stat("cluster.app.upstream_rq_200"), proxied.stat("cluster.app.upstream_rq_302")],
      [1, 0],
    );
    assert.equal(proxied.stat(`${HTTP}downstream_rq_active`), 0);
  });

  it("has an access log line of each leg", async (test) => {
    const { proxied } = await start(test, { "/one": "http://a.test/two" });
    await (await proxied.client()).request({ target: "/one", ...AT_A });
    assert.deepEqual(await proxied.logged(1), { status: 302, flags: "", details: "internal_redirect" });
    assert.deepEqual(await proxied.logged(2), { status: 200, flags: "", details: "via_upstream" });
    const [first, second] = proxied.path.logged.map(({ info }) => info);
    assert.equal(second!.routeName, "two");
    assert.equal(first!.requestId, second!.requestId);
    assert.equal(second!.upstream?.attemptCount, 1);
  });

  it("takes the body along, also in pieces, and leaves it behind with a 303", async (test) => {
    const redirects = { "/one": [307, "http://a.test/two"], "/see": [303, "http://a.test/two"] } as const;
    const { proxied, seen } = await start(test, redirects, { redirect_response_codes: [307, 303] });
    const client = await proxied.client();
    const body = "x".repeat(100_000);
    assert.equal((await client.request({ method: "POST", target: "/one", body, ...AT_A })).body, "at /two");
    assert.deepEqual([seen[1]!.method, seen[1]!.body.length], ["POST", 100_000]);
    assert.equal((await client.request({ method: "POST", target: "/see", body, ...AT_A })).body, "at /two");
    assert.deepEqual([seen[3]!.method, seen[3]!.body, seen[3]!.header("content-length")], ["GET", "", undefined]);
    assert.equal((await client.request({ method: "HEAD", target: "/see", ...AT_A })).status, 200);
    assert.equal(seen[5]!.method, "HEAD");
  });

  it("passes all filters and routes anew, and counts up to the maximum", async (test) => {
    const redirects = { "/one": "http://a.test/two", "/two": "http://a.test/three", "/three": "http://a.test/four" };
    const once = await start(test, redirects);
    const response = await (await once.proxied.client()).request({ target: "/one", ...AT_A });
    assert.deepEqual([response.status, response.header("location")], [302, "http://a.test/three"]);
    assert.equal(once.proxied.stat(`${HTTP}passthrough_internal_redirect_too_many_redirects`), 1);
    assert.equal(once.proxied.stat("cluster.app.upstream_rq_302"), 1);
    const more = await start(test, redirects, { max_internal_redirects: 3 });
    assert.equal((await (await more.proxied.client()).request({ target: "/one", ...AT_A })).body, "at /four");
    assert.equal(more.proxied.stat(`${CLUSTER}succeeded_total`), 3);
    const none = await start(test, redirects, { max_internal_redirects: 0 });
    assert.equal((await (await none.proxied.client()).request({ target: "/one", ...AT_A })).status, 302);
  });

  it("copies headers of the redirect, and clears those that it lacks", async (test) => {
    const policy = { response_headers_to_copy: ["x-copied", "x-cleared"] };
    const { proxied, seen } = await start(test, { "/one": "http://a.test/two" }, policy);
    const headers = { host: "a.test", "x-copied": "old", "x-cleared": "old", "x-kept": "old" };
    await (await proxied.client()).request({ target: "/one", headers });
    const names = ["x-copied", "x-cleared", "x-kept", "x-other"];
    assert.deepEqual(
      names.map((name) => seen[1]!.header(name)),
      ["new", undefined, "old", undefined],
    );
  });

  const passed: { name: string; location?: string; policy?: object; counter?: string; status?: number }[] = [
    { name: "without a location that is a URL", location: "/two", counter: "bad_location" },
    { name: "to another protocol", location: "ftp://a.test/two", counter: "bad_location" },
    { name: "with credentials", location: "http://u:p@a.test/two", counter: "bad_location" },
    { name: "to https", location: "https://a.test/two", counter: "unsafe_scheme" },
    { name: "to a host without route", location: "http://c.test/two", counter: "no_route" },
    { name: "with a status that is not named", policy: { redirect_response_codes: [301] } },
  ];
  for (const { name, location = "http://a.test/two", policy = {}, counter } of passed) {
    it(`goes to the client ${name}`, async (test) => {
      const { proxied, seen } = await start(test, { "/one": location }, policy);
      const response = await (await proxied.client()).request({ target: "/one", ...AT_A });
      assert.deepEqual([response.status, response.header("location"), response.body], [302, location, "moved"]);
      assert.equal(seen.length, 1);
      if (counter !== undefined) assert.equal(proxied.stat(`${HTTP}passthrough_internal_redirect_${counter}`), 1);
      assert.equal(proxied.stat(`${CLUSTER}failed_total`), counter === undefined ? 0 : 1);
      assert.equal((await proxied.logged()).details, "via_upstream");
      assert.equal(proxied.path.logged[0]!.info.routeName, "one");
    });
  }

  it("goes to the client if the body was too large to be kept, or the request is not whole", async (test) => {
    const options = { listener: { per_connection_buffer_limit_bytes: 1024 } };
    const { proxied } = await start(test, { "/one": "http://a.test/two" }, {}, options);
    const client = await proxied.client();
    const body = "x".repeat(5000);
    assert.equal((await client.request({ method: "POST", target: "/one", body, ...AT_A })).status, 302);
    assert.equal(proxied.stat("cluster.app.retry_or_shadow_abandoned"), 1);
    const early: UpstreamScript = (exchange) =>
      exchange.respond({ status: 302, headers: { location: "http://a.test/two" } });
    const open = await start(test, {}, {}, { script: early });
    const other = await open.proxied.client();
    const head = "POST /one HTTP/1.1\r\nhost: a.test\r\ncontent-length: 10\r\n\r\nhalf";
    assert.equal((await other.send("POST", head)).status, 302);
    assert.equal(open.proxied.stat(`${CLUSTER}failed_total`), 1);
  });

  const predicate = (name: string, message: string, fields: object = {}): object => ({
    name: `envoy.internal_redirect_predicates.${name}`,
    typed_config: { "@type": `${PREDICATES}.${name}.v3.${message}`, ...fields },
  });

  it("is followed as its predicates say", async (test) => {
    const follows = async (predicates: object[], redirects: Record<string, string>, policy: object = {}) => {
      const all = { predicates, max_internal_redirects: 5, ...policy };
      const { proxied } = await start(test, redirects, all);
      const { status } = await (await proxied.client()).request({ target: "/one", ...AT_A });
      return [status, proxied.stat(`${HTTP}passthrough_internal_redirect_predicate`)];
    };
    const round = { "/one": "http://a.test/two", "/two": "http://a.test/one" };
    assert.deepEqual(await follows([predicate("previous_routes", "PreviousRoutesConfig")], round), [302, 1]);
    assert.deepEqual(await follows([], round), [302, 0], "the maximum ends it otherwise");
    const allowed = (names: string[]) => [
      predicate("allow_listed_routes", "AllowListedRoutesConfig", { allowed_route_names: names }),
    ];
    const away = { "/one": "http://a.test/two" };
    assert.deepEqual(await follows(allowed(["two"]), away), [200, 0]);
    assert.deepEqual(await follows(allowed(["rest"]), away), [302, 1]);
    const safe = [predicate("safe_cross_scheme", "SafeCrossSchemeConfig")];
    const crossing = { allow_cross_scheme_redirect: true };
    assert.deepEqual(await follows(safe, { "/one": "https://a.test/two" }, crossing), [302, 1]);
    assert.deepEqual(await follows([], { "/one": "https://a.test/two" }, crossing), [200, 0]);
  });
});
