import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { JsonObject } from "@bufbuild/protobuf";
import { SeededRandom } from "../../harness/seeded-random.ts";
import { makeRequest } from "../../harness/stream-fixtures.ts";
import { tableFrom } from "./routes-from.ts";

const PATHS = ["/", "/a", "/a/", "/a/b", "/ab", "/A/b", "/c", "/pkg.Service/Method"];
const DOMAINS = ["*", "a.test", "*.test", "b.*", "a.test:80"];

function randomMatch(random: SeededRandom): JsonObject {
  const path: JsonObject = random.pick([
    { prefix: random.pick(PATHS) },
    { path: random.pick(PATHS) },
    { pathSeparatedPrefix: random.pick(["/a", "/a/b", "/c"]) },
    { safeRegex: { regex: random.pick(["/a.*", "/[bc]", ".*Method"]) } },
    { prefix: random.pick(PATHS), caseSensitive: false },
    { connectMatcher: {} },
  ]);
  const match: JsonObject = { ...path };
  if (random.oneIn(3)) {
    match.headers = [
      random.pick<JsonObject>([
        { name: "x-a", presentMatch: true },
        { name: "x-a", presentMatch: false },
        { name: "x-a", stringMatch: { exact: "1" } },
        { name: "x-a", stringMatch: { exact: "1" }, invertMatch: true },
        { name: "x-a", rangeMatch: { start: "1", end: "5" } },
        { name: ":method", stringMatch: { exact: "GET" } },
      ]),
    ];
  }
  if (random.oneIn(4)) {
    match.queryParameters = [
      random.pick<JsonObject>([
        { name: "q", presentMatch: true },
        { name: "q", stringMatch: { prefix: "1" } },
      ]),
    ];
  }
  if (random.oneIn(6)) match.grpc = {};
  if (random.oneIn(6)) match.runtimeFraction = { defaultValue: { numerator: 50, denominator: "HUNDRED" } };
  return match;
}

function randomTable(random: SeededRandom) {
  const left = [...DOMAINS];
  const virtualHosts = Array.from({ length: 1 + random.below(3) }, (_, host) => ({
    name: `host-${host}`,
    domains: left.splice(random.below(left.length), 1),
    requireTls: random.pick(["NONE", "NONE", "NONE", "EXTERNAL_ONLY", "ALL"]),
    routes: Array.from({ length: 1 + random.below(20) }, (_ignored, index) => ({
      name: `route-${index}`,
      match: randomMatch(random),
      route: { cluster: "c" },
    })),
  }));
  return tableFrom({ validateClusters: false, virtualHosts });
}

function randomRequest(random: SeededRandom) {
  const headers: string[] = [];
  if (random.oneIn(2)) headers.push("x-a", random.pick(["1", "4", "9", "b"]));
  if (random.oneIn(4)) headers.push("content-type", "application/grpc");
  if (random.oneIn(4)) headers.push("x-forwarded-proto", "https");
  if (random.oneIn(6)) headers.push("x-envoy-internal", "true");
  const method = random.oneIn(8) ? "CONNECT" : random.pick(["GET", "POST"]);
  const path = method === "CONNECT" && random.oneIn(2) ? "" : random.pick(PATHS) + random.pick(["", "?q=12", "?r=1"]);
  const authority = random.pick(["a.test", "x.test", "b.org", "a.test:80", "A.TEST", "other"]);
  return makeRequest({ method, path, authority }, headers);
}

describe("Explaining the choice of a route", () => {
  it("comes to the route that requests get, whatever the configuration and the request", () => {
    const random = new SeededRandom(11);
    let routed = 0;
    for (let round = 0; round < 300; round++) {
      const table = randomTable(random);
      for (let i = 0; i < 40; i++) {
        const request = randomRequest(random);
        const value = random.below(2 ** 32);
        const real = table.route(request, value);
        const { route, tried, requiresTls, virtualHost } = table.explain(request, value);
        const told = `round ${round}: ${request.method} ${request.authority}${request.path} ${request.list.join(" ")}`;
        assert.equal(route, real, told);
        if (real === null) {
          assert.ok(
            tried.every(({ whyNot }) => whyNot !== null),
            told,
          );
          continue;
        }
        assert.equal(virtualHost?.name, real.virtualHost.name, told);
        if (requiresTls) {
          assert.deepEqual([real.action.type, tried], ["redirect", []], told);
          continue;
        }
        assert.deepEqual([tried.at(-1)?.name, tried.at(-1)?.whyNot], [real.name, null], told);
        routed++;
      }
    }
    assert.ok(routed > 1000, `${routed}`);
  });

  const table = tableFrom({
    validateClusters: false,
    virtualHosts: [
      {
        name: "all",
        domains: ["*.test"],
        routes: [
          { match: { path: "/a" }, route: { cluster: "c" } },
          { match: { prefix: "/", headers: [{ name: "x-v", stringMatch: { exact: "2" } }] }, route: { cluster: "c" } },
          {
            match: { prefix: "/", headers: [{ name: "authorization", stringMatch: { exact: "SECRET" } }] },
            route: { cluster: "c" },
          },
          { match: { prefix: "/", queryParameters: [{ name: "q", presentMatch: true }] }, route: { cluster: "c" } },
          { match: { prefix: "/", grpc: {} }, route: { cluster: "c" } },
          { match: { connectMatcher: {} }, route: { cluster: "c" } },
        ],
      },
    ],
  });

  it("says of each route what did not fit, and no secrets", () => {
    const request = makeRequest({ path: "/b", authority: "x.test" }, ["x-v", "1", "authorization", "MINE"]);
    const { tried, virtualHost, route } = table.explain(request, 0);
    assert.equal(route, null);
    assert.deepEqual(virtualHost, { name: "all", domain: "*.test" });
    assert.deepEqual(
      tried.map(({ whyNot }) => whyNot),
      [
        "path /b does not match path /a",
        'header x-v is "1", wanted: exact "2"',
        'header authorization is "[redacted]", wanted: [redacted]',
        "query parameter q is not as wanted: present",
        "the request is not gRPC",
        "it is for CONNECT, not for GET",
      ],
    );
  });

  it("says so if no virtual host has the domain", () => {
    const { virtualHost, virtualHostCount, host } = table.explain(makeRequest({ authority: "Other" }), 0);
    assert.deepEqual([virtualHost, virtualHostCount, host], [null, 1, "other"]);
  });
});
