import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { makeRequest, makeStreamInfo } from "../../harness/stream-fixtures.ts";
import { clusterOf, forwardTable, oneHost, routeOf, tableFrom } from "./routes-from.ts";

function finalized(match: object, route: object, parts: object, headers: string[] = []) {
  const request = makeRequest(parts, headers);
  routeOf(forwardTable(match, route), request).finalizeRequestHeaders(request, makeStreamInfo());
  return request;
}

describe("Path rewrite", () => {
  const regex = { pattern: { regex: "^/svc/([^/]+)(/.*)$" }, substitution: "\\2/of/\\1" };
  const rows: { name: string; match: object; route: object; path: string; to: string }[] = [
    {
      name: "replaces a prefix",
      match: { prefix: "/a" },
      route: { prefixRewrite: "/b" },
      path: "/a/x?q#f",
      to: "/b/x?q#f",
    },
    {
      name: "replaces a separated prefix",
      match: { pathSeparatedPrefix: "/a" },
      route: { prefixRewrite: "/b" },
      path: "/a?q",
      to: "/b?q",
    },
    {
      name: "replaces a whole path",
      match: { path: "/a" },
      route: { prefixRewrite: "/b" },
      path: "/a?q=/a",
      to: "/b?q=/a",
    },
    {
      name: "replaces all that a regex matched",
      match: { safeRegex: { regex: "/a.*" } },
      route: { prefixRewrite: "/b" },
      path: "/a/x?q",
      to: "/b?q",
    },
    {
      name: "replaces a prefix in any case",
      match: { prefix: "/A", caseSensitive: false },
      route: { prefixRewrite: "/b" },
      path: "/a/x",
      to: "/b/x",
    },
    {
      name: "rewrites by regex, without the query",
      match: { prefix: "/" },
      route: { regexRewrite: regex },
      path: "/svc/one/two?/svc/",
      to: "/two/of/one?/svc/",
    },
    {
      name: "leaves a path that the regex does not match",
      match: { prefix: "/" },
      route: { regexRewrite: regex },
      path: "/x?q",
      to: "/x?q",
    },
    {
      name: "replaces every match of the regex",
      match: { prefix: "/" },
      route: { regexRewrite: { pattern: { regex: "o" }, substitution: "0" } },
      path: "/foo?o",
      to: "/f00?o",
    },
  ];
  for (const { name, match, route, path, to } of rows) {
    it(name, () => {
      const request = finalized(match, route, { path });
      assert.equal(request.path, to);
      assert.equal(request.get("x-envoy-original-path"), path);
    });
  }

  it("leaves path and headers alone without a rewrite", () => {
    assert.deepEqual(finalized({ prefix: "/" }, {}, { path: "/x" }).list, []);
  });

  it("keeps no original path if told not to", () => {
    const request = makeRequest({ path: "/a" });
    const route = routeOf(forwardTable({ prefix: "/a" }, { prefixRewrite: "/b" }), request);
    route.finalizeRequestHeaders(request, makeStreamInfo(), false);
    assert.equal(request.path, "/b");
    assert.deepEqual(request.list, []);
  });
});

describe("Host rewrite", () => {
  const rows: { name: string; route: object; headers?: string[]; host: string; forwarded?: string }[] = [
    { name: "sets a literal", route: { hostRewriteLiteral: "new.test" }, host: "new.test" },
    {
      name: "takes a header's value",
      route: { hostRewriteHeader: "X-Host" },
      headers: ["x-host", "h.test"],
      host: "h.test",
    },
    { name: "leaves the host if the header is missing", route: { hostRewriteHeader: "X-Host" }, host: "example.com" },
    {
      name: "works it out from the path",
      route: { hostRewritePathRegex: { pattern: { regex: "^/([^/]+)/.*$" }, substitution: "\\1.test" } },
      host: "a.test",
    },
    { name: "leaves the automatic one to the router", route: { autoHostRewrite: true }, host: "example.com" },
    {
      name: "adds the old host to x-forwarded-host",
      route: { hostRewriteLiteral: "n", appendXForwardedHost: true },
      headers: ["x-forwarded-host", "first"],
      host: "n",
      forwarded: "first,example.com",
    },
    {
      name: "does not add a host twice",
      route: { hostRewriteLiteral: "n", appendXForwardedHost: true },
      headers: ["x-forwarded-host", "a, example.com"],
      host: "n",
      forwarded: "a, example.com",
    },
  ];
  for (const { name, route, headers = [], host, forwarded } of rows) {
    it(name, () => {
      const request = finalized({ prefix: "/" }, route, { path: "/a/b?c" }, [...headers]);
      assert.equal(request.authority, host);
      assert.equal(request.get("x-forwarded-host"), forwarded);
      assert.equal(request.get("x-envoy-original-host"), host === "example.com" ? undefined : "example.com");
    });
  }

  it("says whether the router has to do it", () => {
    const action = routeOf(forwardTable({ prefix: "/" }, { autoHostRewrite: true }), makeRequest()).action;
    assert.equal(action.type === "forward" && action.autoHostRewrite, true);
  });
});

describe("Redirect", () => {
  const rows: {
    name: string;
    match?: object;
    redirect: object;
    parts?: object;
    headers?: string[];
    location: string;
  }[] = [
    {
      name: "to https drops port 80",
      redirect: { httpsRedirect: true },
      parts: { authority: "a.test:80" },
      headers: ["x-forwarded-proto", "http"],
      location: "https://a.test/x?q",
    },
    {
      name: "to https keeps another port",
      redirect: { httpsRedirect: true },
      parts: { authority: "a.test:8080" },
      headers: ["x-forwarded-proto", "http"],
      location: "https://a.test:8080/x?q",
    },
    {
      name: "to the same scheme keeps port 80",
      redirect: { pathRedirect: "/y" },
      parts: { authority: "a.test:80" },
      headers: ["x-forwarded-proto", "http"],
      location: "http://a.test:80/y?q",
    },
    {
      name: "to a port replaces the old one",
      redirect: { portRedirect: 8443 },
      parts: { authority: "[::1]:80" },
      location: "http://[::1]:8443/x?q",
    },
    {
      name: "to a host drops the old port",
      redirect: { hostRedirect: "b.test" },
      parts: { authority: "a.test:80" },
      location: "http://b.test/x?q",
    },
    { name: "to a scheme", redirect: { schemeRedirect: "ws" }, location: "ws://example.com/x?q" },
    { name: "to a path keeps the query", redirect: { pathRedirect: "/y" }, location: "http://example.com/y?q" },
    {
      name: "to a path with a query of its own",
      redirect: { pathRedirect: "/y?z" },
      location: "http://example.com/y?z",
    },
    { name: "strips the query", redirect: { pathRedirect: "/y", stripQuery: true }, location: "http://example.com/y" },
    {
      name: "strips the query of a kept path",
      redirect: { hostRedirect: "b", stripQuery: true },
      location: "http://b/x",
    },
    {
      name: "rewrites a prefix",
      match: { prefix: "/x" },
      redirect: { prefixRewrite: "/new/" },
      parts: { path: "/x1?q" },
      location: "http://example.com/new/1?q",
    },
    {
      name: "rewrites by regex",
      redirect: { regexRewrite: { pattern: { regex: "^/(.)" }, substitution: "/<\\1>" } },
      location: "http://example.com/<x>?q",
    },
    {
      name: "never writes a line end",
      redirect: { hostRedirect: "b" },
      parts: { path: "/x\r\nset-cookie: a" },
      location: "http://b/x%0D%0Aset-cookie:%20a",
    },
  ];
  for (const { name, match = { prefix: "/" }, redirect, parts = {}, headers = [], location } of rows) {
    it(name, () => {
      const table = tableFrom(oneHost([{ match: { ...match }, redirect: { ...redirect } }]));
      const request = makeRequest({ path: "/x?q", ...parts }, headers);
      const action = routeOf(table, request).action;
      assert.equal(action.type, "redirect");
      assert.equal(action.type === "redirect" && action.location(request), location);
    });
  }

  for (const [code, status] of Object.entries({
    MOVED_PERMANENTLY: 301,
    FOUND: 302,
    SEE_OTHER: 303,
    TEMPORARY_REDIRECT: 307,
    PERMANENT_REDIRECT: 308,
  })) {
    it(`answers ${status} for ${code}`, () => {
      const table = tableFrom(
        oneHost([{ match: { prefix: "/" }, redirect: { hostRedirect: "b", responseCode: code } }]),
      );
      const action = routeOf(table, makeRequest()).action;
      assert.equal(action.type === "redirect" && action.status, status);
    });
  }
});

describe("Other actions", () => {
  it("a direct response has status and body", () => {
    const table = tableFrom(
      oneHost([{ match: { prefix: "/" }, directResponse: { status: 418, body: { inlineString: "té" } } }]),
    );
    const action = routeOf(table, makeRequest()).action;
    assert.deepEqual(action, { type: "directResponse", status: 418, body: Buffer.from("té") });
  });

  it("a cluster header names the cluster, by its first value", () => {
    const table = tableFrom(oneHost([{ match: { prefix: "/" }, route: { clusterHeader: "X-Cluster" } }]));
    assert.equal(clusterOf(table, makeRequest({}, ["x-cluster", "a", "x-cluster", "b"])), "a");
    assert.equal(clusterOf(table, makeRequest()), "");
  });

  it("fills in Envoy's defaults", () => {
    const action = routeOf(forwardTable({ prefix: "/" }, {}), makeRequest()).action;
    assert.equal(action.type, "forward");
    if (action.type !== "forward") return;
    const { timeoutMs, maxStreamDuration, retryPolicy, priority, clusterNotFoundStatus } = action.settings;
    const { idleTimeoutMs } = action;
    assert.deepEqual(
      { timeoutMs, idleTimeoutMs, maxStreamDuration, retryPolicy, priority, clusterNotFoundStatus },
      {
        timeoutMs: 15_000,
        idleTimeoutMs: undefined,
        maxStreamDuration: null,
        retryPolicy: null,
        priority: "default",
        clusterNotFoundStatus: 503,
      },
    );
  });

  it("takes what is configured", () => {
    const route = {
      timeout: "0s",
      idleTimeout: "1.5s",
      maxStreamDuration: { grpcTimeoutHeaderMax: "0s" },
      priority: "HIGH",
      clusterNotFoundResponseCode: "NOT_FOUND",
      upgradeConfigs: [{ upgradeType: "WebSocket" }, { upgradeType: "x", enabled: false }],
      hashPolicy: [{ header: { headerName: "X-User" }, terminal: true }, { cookie: { name: "c", ttl: "0s" } }],
      retryPolicy: { retryOn: "5xx, reset", perTryTimeout: "2s", retryBackOff: { baseInterval: "0.1s" } },
    };
    const action = routeOf(forwardTable({ prefix: "/" }, route), makeRequest()).action;
    assert.equal(action.type, "forward");
    if (action.type !== "forward") return;
    assert.equal(action.settings.timeoutMs, 0);
    assert.equal(action.idleTimeoutMs, 1500);
    assert.deepEqual(action.settings.maxStreamDuration, {
      maxStreamDurationMs: undefined,
      grpcTimeoutHeaderMaxMs: 0,
      grpcTimeoutHeaderOffsetMs: 0,
    });
    assert.equal(action.settings.priority, "high");
    assert.equal(action.settings.clusterNotFoundStatus, 404);
    assert.deepEqual(
      [...action.upgrades],
      [
        ["websocket", true],
        ["x", false],
      ],
    );
    assert.notEqual(action.hashPolicy, null);
    const { retryOn, numRetries, perTryTimeoutMs, backOffBaseMs, backOffMaxMs } = action.settings.retryPolicy!;
    assert.deepEqual(
      { retryOn, numRetries, perTryTimeoutMs, backOffBaseMs, backOffMaxMs },
      { retryOn: ["5xx", "reset"], numRetries: 1, perTryTimeoutMs: 2000, backOffBaseMs: 100, backOffMaxMs: 1000 },
    );
  });

  it("inherits the retry policy of the virtual host, whole", () => {
    const routes = [
      { match: { path: "/a" }, route: { cluster: "c" } },
      { match: { path: "/b" }, route: { cluster: "c", retryPolicy: { retryOn: "reset" } } },
    ];
    const host = oneHost(routes, { retryPolicy: { retryOn: "5xx", numRetries: 5 } });
    const table = tableFrom({ validateClusters: false, ...host });
    const policies = ["/a", "/b"].map((path) => {
      const action = routeOf(table, makeRequest({ path })).action;
      return action.type === "forward"
        ? [action.settings.retryPolicy?.retryOn, action.settings.retryPolicy?.numRetries]
        : null;
    });
    assert.deepEqual(policies, [
      [["5xx"], 5],
      [["reset"], 1],
    ]);
  });
});

describe("Per-route filter configuration", () => {
  const any = (text: string) => ({ "@type": "type.googleapis.com/google.protobuf.StringValue", value: text });
  const table = tableFrom({
    validateClusters: false,
    typedPerFilterConfig: { f: any("table"), g: any("table") },
    ...oneHost(
      [
        { match: { path: "/r" }, route: { cluster: "c" }, typedPerFilterConfig: { f: any("route") } },
        {
          match: { path: "/w" },
          route: {
            weightedClusters: { clusters: [{ name: "w", weight: 1, typedPerFilterConfig: { f: any("weighted") } }] },
          },
        },
        { match: { path: "/n" }, route: { cluster: "c" } },
      ],
      { typedPerFilterConfig: { f: any("host") } },
    ),
  });
  const last = (value: unknown): string => String(value).replace(/[^a-z=]/g, "");
  const rows = [
    { path: "/r", most: "f=route", all: ["f=table", "f=host", "f=route"] },
    { path: "/w", most: "f=weighted", all: ["f=table", "f=host", "f=weighted"] },
    { path: "/n", most: "f=host", all: ["f=table", "f=host"] },
  ];
  for (const { path, most, all } of rows) {
    it(`gives the most specific of ${path}, and all`, () => {
      const route = routeOf(table, makeRequest({ path }));
      assert.equal(last(route.perFilterConfig("f")), most);
      assert.deepEqual(route.perFilterConfigs("f").map(last), all);
      assert.equal(last(route.perFilterConfig("g")), "g=table");
      assert.equal(route.perFilterConfig("__proto__"), undefined);
      assert.deepEqual(route.perFilterConfigs("toString"), []);
    });
  }
});
