import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { JsonObject } from "@bufbuild/protobuf";
import type { HealthCheckData } from "../../../../src/upstream/health-check/health-check-data.ts";
import { compileCluster } from "../compile-cluster.ts";
import { HTTP1_DEFAULTS, httpCheck } from "./health-check-fixture.ts";

const TIMES = { timeout: "1s", interval: "5s", unhealthyThreshold: 3, healthyThreshold: 2 };

function compile(...checks: JsonObject[]) {
  return compileCluster({ healthChecks: checks.map((check) => ({ ...TIMES, ...check })) });
}

function healthCheckOf(check: JsonObject): HealthCheckData {
  const { problems, resources } = compile(check);
  assert.deepEqual(problems, []);
  const discovery = resources.find(({ kind }) => kind === "discovery")?.data as { healthCheck: HealthCheckData };
  return discovery.healthCheck;
}

describe("A compiled health check", () => {
  it("has Envoy's defaults where nothing is said", () => {
    assert.deepEqual(healthCheckOf({ httpHealthCheck: { path: "/" } }), {
      timeoutMs: 1000,
      intervalMs: 5000,
      initialJitterMs: 0,
      intervalJitterMs: 0,
      intervalJitterPercent: 0,
      unhealthyThreshold: 3,
      healthyThreshold: 2,
      altPort: 0,
      ignoresNewHosts: false,
      reuseConnection: true,
      noTrafficIntervalMs: 60_000,
      noTrafficHealthyIntervalMs: 60_000,
      unhealthyIntervalMs: 5000,
      unhealthyEdgeIntervalMs: 5000,
      healthyEdgeIntervalMs: 5000,
      eventLogPaths: [],
      alwaysLogFailures: false,
      alwaysLogSuccess: false,
      check: httpCheck(),
      sourceAddresses: [],
      transport: null,
    });
  });

  it("holds how the cluster speaks HTTP/1", () => {
    const { problems, resources } = compileCluster({
      healthChecks: [{ ...TIMES, httpHealthCheck: { path: "/" } }],
      commonHttpProtocolOptions: { maxHeadersCount: 7 },
      httpProtocolOptions: { headerKeyFormat: { properCaseWords: {} } },
    });
    assert.deepEqual(problems, []);
    const data = resources.find(({ kind }) => kind === "discovery")?.data as { healthCheck: HealthCheckData };
    const http1 = { ...HTTP1_DEFAULTS, maxResponseHeadersCount: 7, keyFormat: "properCase" } as const;
    assert.deepEqual(data.healthCheck.check, httpCheck({ http1 }));
  });

  it("derives edge and healthy no-traffic intervals from those they stand beside", () => {
    const data = healthCheckOf({ tcpHealthCheck: {}, unhealthyInterval: "7s", noTrafficInterval: "9s", altPort: 81 });
    assert.deepEqual(
      [data.unhealthyEdgeIntervalMs, data.noTrafficHealthyIntervalMs, data.healthyEdgeIntervalMs, data.altPort],
      [7000, 9000, 5000, 81],
    );
    assert.deepEqual(data.check, { type: "tcp", send: "", receive: [], proxyProtocol: null });
  });

  it("holds which version of the PROXY protocol a TCP check speaks, the first unless it says so", () => {
    const version = (proxyProtocolConfig: JsonObject): unknown => {
      const { check } = healthCheckOf({ tcpHealthCheck: { proxyProtocolConfig } });
      return check.type === "tcp" ? check.proxyProtocol : undefined;
    };
    assert.deepEqual([version({}), version({ version: "V1" }), version({ version: "V2" })], [1, 1, 2]);
  });

  it("holds what an HTTP check says", () => {
    const { check } = healthCheckOf({
      httpHealthCheck: {
        path: "/up",
        host: "check.test",
        method: "HEAD",
        send: { text: "50494E47" },
        receive: [{ binary: Buffer.from("ok").toString("base64") }],
        responseBufferSize: 10,
        requestHeadersToAdd: [{ header: { key: "X-A", value: "50%%" }, appendAction: "ADD_IF_ABSENT" }],
        requestHeadersToRemove: ["User-Agent"],
        expectedStatuses: [{ start: 200, end: 300 }],
        retriableStatuses: [{ start: 503, end: 504 }],
        serviceNameMatcher: { prefix: "app" },
      },
    });
    assert.deepEqual(check, {
      type: "http",
      http2: false,
      http1: HTTP1_DEFAULTS,
      path: "/up",
      host: "check.test",
      method: "HEAD",
      send: "50494e47",
      receive: ["6f6b"],
      responseBufferBytes: 10,
      headersToAdd: [{ name: "x-a", value: "50%", action: "addIfAbsent", keepEmptyValue: false }],
      headersToRemove: ["user-agent"],
      expectedStatuses: [{ start: 200, end: 300 }],
      retriableStatuses: [{ start: 503, end: 504 }],
      serviceNameMatcher: { type: "prefix", value: "app", ignoreCase: false },
    });
  });

  const wrong: readonly (readonly [name: string, check: JsonObject, problem: RegExp])[] = [
    ["text that is not hexadecimal", { tcpHealthCheck: { send: { text: "ping" } } }, /hexadecimal/],
    [
      "a status range without a status",
      { httpHealthCheck: { path: "/", expectedStatuses: [{ start: 300, end: 300 }] } },
      /range/,
    ],
    [
      "statuses that do not exist",
      { httpHealthCheck: { path: "/", expectedStatuses: [{ start: 0, end: 200 }] } },
      /100 to 599/,
    ],
    ["a port that does not exist", { tcpHealthCheck: {}, altPort: 70_000 }, /65535/],
    [
      "headers that are worked out",
      { httpHealthCheck: { path: "/", requestHeadersToAdd: [{ header: { key: "a", value: "%PROTOCOL%" } }] } },
      /plain text/,
    ],
  ];
  for (const [name, check, problem] of wrong) {
    it(`refuses ${name}`, () => {
      assert.match(compile(check).problems.join("\n"), problem);
    });
  }

  it("can't have another beside it", () => {
    const { problems } = compile({ tcpHealthCheck: {} }, { tcpHealthCheck: {} });
    assert.match(problems.join("\n"), /one health check only/);
  });
});
