import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Runtime } from "../../../src/runtime/runtime.ts";
import { valueEntry } from "../../../src/runtime/runtime-entry.ts";
import { makeRequest } from "../../harness/stream-fixtures.ts";
import { clusterOf, forward, oneHost, routeOf, tableFrom } from "./routes-from.ts";

const ALL = [{ match: { prefix: "/" }, route: { cluster: "x" } }];

function hostTable(domainsByName: Record<string, string[]>, more = {}) {
  const virtualHosts = Object.entries(domainsByName).map(([name, domains]) => ({ name, domains, routes: ALL }));
  return tableFrom({ virtualHosts, validateClusters: false, ...more });
}

describe("RouteTable: virtual hosts", () => {
  const hosts = {
    exact: ["www.example.com"],
    port: ["www.example.com:8080"],
    longSuffix: ["*-bar.example.com"],
    suffix: ["*.example.com"],
    prefix: ["www.*"],
    longPrefix: ["www.exam*"],
    odd: ["__proto__", "constructor"],
    all: ["*"],
  };
  const rows: { name: string; authority: string; host: string }[] = [
    { name: "an exact name wins", authority: "www.example.com", host: "exact" },
    { name: "case does not count", authority: "WWW.Example.COM", host: "exact" },
    { name: "a port is part of the name", authority: "www.example.com:8080", host: "port" },
    { name: "another port is another name", authority: "www.example.com:8081", host: "longPrefix" },
    { name: "the longest suffix wins", authority: "foo-bar.example.com", host: "longSuffix" },
    { name: "a shorter suffix matches", authority: "foo.example.com", host: "suffix" },
    { name: "a suffix needs a character before it", authority: ".example.com", host: "all" },
    { name: "the longest prefix wins", authority: "www.example.org", host: "longPrefix" },
    { name: "a shorter prefix matches", authority: "www.other.org", host: "prefix" },
    { name: "a prefix needs a character behind it", authority: "www.", host: "all" },
    { name: "a suffix goes before a prefix", authority: "www.a.example.com", host: "suffix" },
    { name: "anything else goes to *", authority: "other", host: "all" },
    { name: "no host goes to *", authority: "", host: "all" },
    { name: "names of object members are ordinary", authority: "__proto__", host: "odd" },
    { name: "names that objects inherit are ordinary", authority: "constructor", host: "odd" },
    { name: "names that nobody configured find nothing", authority: "toString", host: "all" },
  ];
  for (const size of [0, 10_000]) {
    const many = Object.fromEntries(Array.from({ length: size }, (_, i) => [`h${i}`, [`h${i}.test`, `*.w${i}.test`]]));
    const table = hostTable({ ...hosts, ...many });
    for (const { name, authority, host } of rows) {
      it(`${name} (with ${size} other hosts)`, () => {
        assert.equal(routeOf(table, makeRequest({ authority })).virtualHost.name, host);
      });
    }
  }

  it("finds nothing without a matching host", () => {
    assert.equal(hostTable({ a: ["a.test"] }).route(makeRequest({ authority: "b.test" }), 0), null);
  });

  it("ignores the port if told so, also behind an IPv6 address", () => {
    const table = hostTable({ a: ["a.test"], six: ["[::1]"] }, { ignorePortInHostMatching: true });
    assert.equal(routeOf(table, makeRequest({ authority: "a.test:123" })).virtualHost.name, "a");
    assert.equal(routeOf(table, makeRequest({ authority: "[::1]:123" })).virtualHost.name, "six");
    assert.equal(routeOf(table, makeRequest({ authority: "[::1]" })).virtualHost.name, "six");
  });
});

describe("RouteTable: routes", () => {
  const table = tableFrom({
    validateClusters: false,
    ...oneHost([
      forward({ path: "/exact" }, "exact"),
      forward({ pathSeparatedPrefix: "/api" }, "api"),
      forward({ safeRegex: { regex: "/r/[0-9]+" } }, "regex"),
      forward({ prefix: "/CASE", caseSensitive: false }, "case"),
      forward({ prefix: "/q", queryParameters: [{ name: "a", stringMatch: { exact: "1" } }] }, "query"),
      forward({ prefix: "/h", headers: [{ name: "X-A", stringMatch: { exact: "1" } }] }, "header"),
      forward({ prefix: "/g", grpc: {} }, "grpc"),
      forward({ prefix: "/f", runtimeFraction: { defaultValue: { numerator: 25 } } }, "fraction"),
      forward({ connectMatcher: {} }, "connect"),
      forward({ prefix: "/p" }, "prefix"),
    ]),
  });
  const rows: { name: string; path: string; cluster: string; headers?: string[]; random?: number; method?: string }[] =
    [
      { name: "a path matches whole", path: "/exact", cluster: "exact" },
      { name: "a path matches without its query", path: "/exact?a=1", cluster: "exact" },
      { name: "a path matches without its fragment", path: "/exact#x?y", cluster: "exact" },
      { name: "a path does not match a longer one", path: "/exact/", cluster: "none" },
      { name: "a path is case-sensitive", path: "/Exact", cluster: "none" },
      { name: "a separated prefix matches itself", path: "/api", cluster: "api" },
      { name: "a separated prefix matches below", path: "/api/v1?x", cluster: "api" },
      { name: "a separated prefix does not match within a word", path: "/apis", cluster: "none" },
      { name: "a regex matches the whole path", path: "/r/12?x=/r/", cluster: "regex" },
      { name: "a regex does not match a part", path: "/r/12/", cluster: "none" },
      { name: "case is ignored if told so", path: "/caSE/x", cluster: "case" },
      { name: "a query parameter decides", path: "/q?b=2&a=1", cluster: "query" },
      { name: "another value does not match", path: "/q?a=2", cluster: "none" },
      { name: "only the first value of a parameter counts", path: "/q?a=2&a=1", cluster: "none" },
      { name: "a header decides", path: "/h", headers: ["x-a", "1"], cluster: "header" },
      { name: "a repeated header is joined", path: "/h", headers: ["x-a", "1", "x-a", "1"], cluster: "none" },
      {
        name: "gRPC is known by its content type",
        path: "/g",
        headers: ["content-type", "application/grpc+proto"],
        cluster: "grpc",
      },
      { name: "gRPC-Web is not gRPC", path: "/g", headers: ["content-type", "application/grpc-web"], cluster: "none" },
      { name: "a fraction takes its share", path: "/f", random: 124, cluster: "fraction" },
      { name: "a fraction leaves the rest", path: "/f", random: 125, cluster: "none" },
      { name: "a prefix matches", path: "/p/anything", cluster: "prefix" },
      { name: "CONNECT without a path goes to a connect matcher", path: "", method: "CONNECT", cluster: "connect" },
      { name: "CONNECT with a path may, too", path: "/x", method: "CONNECT", cluster: "connect" },
      { name: "a request without a path matches nothing else", path: "", cluster: "none" },
    ];
  for (const { name, path, cluster, headers = [], random = 0, method = "GET" } of rows) {
    it(name, () => assert.equal(clusterOf(table, makeRequest({ path, method }, headers), random), cluster));
  }

  it("takes the first route that matches, also among indexed ones", () => {
    const routes = Array.from({ length: 1000 }, (_, i) => forward({ prefix: `/p${i}` }, `p${i}`));
    routes.splice(500, 0, forward({ path: "/p999" }, "exact999"), forward({ prefix: "/p99" }, "early"));
    routes.push(forward({ path: "/p1" }, "too late"), forward({ pathSeparatedPrefix: "/s" }, "s"));
    const big = tableFrom({ validateClusters: false, ...oneHost(routes) });
    assert.equal(clusterOf(big, makeRequest({ path: "/p1" })), "p1");
    assert.equal(clusterOf(big, makeRequest({ path: "/p7x?y" })), "p7");
    assert.equal(clusterOf(big, makeRequest({ path: "/p999" })), "p9", "the prefix /p9 stands first");
    assert.equal(clusterOf(big, makeRequest({ path: "/s/1" })), "s");
    assert.equal(clusterOf(big, makeRequest({ path: "/st" })), "none");
  });

  it("goes on to the next indexed route if the conditions of the first do not hold", () => {
    const conditional = forward({ prefix: "/a", headers: [{ name: "x", presentMatch: true }] }, "conditional");
    const rest = Array.from({ length: 20 }, (_, i) => forward({ path: `/a${i}` }, `a${i}`));
    const indexed = tableFrom({ validateClusters: false, ...oneHost([conditional, ...rest]) });
    assert.equal(clusterOf(indexed, makeRequest({ path: "/a3" })), "a3");
    assert.equal(clusterOf(indexed, makeRequest({ path: "/a3" }, ["x", ""])), "conditional");
  });

  it("leaves path parameters out of matching if told so", () => {
    const config = { validateClusters: false, ignorePathParametersInPathMatching: true };
    const lax = tableFrom({ ...config, ...oneHost([forward({ path: "/a" }, "a")]) });
    assert.equal(clusterOf(lax, makeRequest({ path: "/a;v=1?x" })), "a");
  });
});

describe("RouteTable: require_tls", () => {
  const rows: { name: string; requireTls: string; headers: string[]; location: string | null }[] = [
    {
      name: "ALL sends http away",
      requireTls: "ALL",
      headers: ["x-forwarded-proto", "http"],
      location: "https://a.test/x?y",
    },
    { name: "ALL lets https pass", requireTls: "ALL", headers: ["x-forwarded-proto", "https"], location: null },
    {
      name: "EXTERNAL_ONLY sends external http away",
      requireTls: "EXTERNAL_ONLY",
      headers: [],
      location: "https://a.test/x?y",
    },
    {
      name: "EXTERNAL_ONLY lets internal http pass",
      requireTls: "EXTERNAL_ONLY",
      headers: ["x-envoy-internal", "true"],
      location: null,
    },
  ];
  for (const { name, requireTls, headers, location } of rows) {
    it(name, () => {
      const table = tableFrom({ validateClusters: false, ...oneHost([forward({ prefix: "/" }, "c")], { requireTls }) });
      const request = makeRequest({ path: "/x?y", authority: "a.test:80" }, headers);
      const action = routeOf(table, request).action;
      assert.equal(action.type === "redirect" ? action.location(request) : null, location);
      if (action.type === "redirect") assert.equal(action.status, 301);
    });
  }
});

describe("RouteTable: weighted clusters", () => {
  const weighted = {
    clusters: [
      { name: "a", weight: 1, hostRewriteLiteral: "a.internal" },
      { name: "b", weight: 0 },
      { clusterHeader: "x-cluster", weight: 3 },
    ],
  };
  const config = (more = {}) =>
    tableFrom({
      validateClusters: false,
      ...oneHost([{ match: { prefix: "/" }, route: { weightedClusters: { ...weighted, ...more } } }]),
    });

  it("splits by weight", () => {
    const picks = [0, 1, 2, 3, 4].map((random) => clusterOf(config(), makeRequest({}, ["x-cluster", "h"]), random));
    assert.deepEqual(picks, ["a", "h", "h", "h", "a"]);
  });

  it("takes the random value from a header if told so", () => {
    const table = config({ headerName: "x-pick" });
    assert.equal(clusterOf(table, makeRequest({}, ["x-pick", "4"]), 1), "a");
    assert.equal(clusterOf(table, makeRequest({}, ["x-pick", "18446744073709551612"]), 1), "a");
    assert.equal(clusterOf(table, makeRequest({}, ["x-pick", "no number", "x-cluster", "h"]), 1), "h");
  });

  it("takes weights from runtime under their prefix, at once, but not if they come to nothing", () => {
    const runtime = new Runtime();
    const clusters = [
      { name: "a", weight: 3 },
      { name: "b", weight: 1 },
    ];
    const route = { weightedClusters: { clusters, runtimeKeyPrefix: "web" } };
    const table = tableFrom({ validateClusters: false, ...oneHost([{ match: { prefix: "/" }, route }]) }, runtime);
    const picks = (weights: Readonly<Record<string, unknown>>): string => {
      const entries = Object.entries(weights).map(([key, value]) => [key, valueEntry(value)!] as const);
      runtime.setLayers([{ name: "l", kind: "static", entries }]);
      return [0, 1, 2, 3].map((random) => clusterOf(table, makeRequest(), random)).join("");
    };
    assert.equal(picks({}), "aaab");
    assert.equal(picks({ "web.a": 1, "web.b": 3 }), "abbb");
    assert.equal(picks({ "web.a": 0 }), "bbbb");
    assert.equal(picks({ "web.a": 0, "web.b": 0 }), "aaab");
    assert.equal(picks({ "other.a": 0 }), "aaab");
  });

  it("gives the same route object for the same cluster", () => {
    const table = config();
    assert.equal(table.route(makeRequest(), 0), table.route(makeRequest(), 4));
  });
});
