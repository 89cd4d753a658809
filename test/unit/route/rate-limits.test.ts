import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { JsonObject } from "@bufbuild/protobuf";
import type { StreamInfo } from "../../../src/http/stream-info.ts";
import { rateLimitDescriptors } from "../../../src/route/rate-limit-descriptors.ts";
import {
  type RateLimitDescriptor,
  RateLimitPolicy,
  type RateLimitSwitches,
} from "../../../src/route/rate-limit-policy.ts";
import { Runtime } from "../../../src/runtime/runtime.ts";
import { fixedRandom, makeRequest, makeStreamInfo } from "../../harness/stream-fixtures.ts";
import { forward, oneHost, routeOf, tableFrom } from "./routes-from.ts";

interface Asked {
  readonly path?: string;
  readonly headers?: string[];
  readonly prepare?: (info: StreamInfo) => void;
}

function descriptorsOf(
  rateLimits: JsonObject[],
  asked: Asked = {},
  switches: RateLimitSwitches | null = null,
): RateLimitDescriptor[] {
  const table = tableFrom(oneHost([forward({ prefix: "/" }, "c", { rateLimits })]));
  const request = makeRequest({ path: asked.path ?? "/" }, asked.headers ?? []);
  const info = makeStreamInfo();
  info.downstreamRemoteIp = "192.168.1.77";
  const route = routeOf(table, request);
  info.routeMetadata = route.metadata;
  asked.prepare?.(info);
  const choice = { stage: 0, ofVirtualHost: "override", own: RateLimitPolicy.none } as const;
  return rateLimitDescriptors(route, choice, request, info, switches);
}

/** The entries that these actions give, as `key=value`; null if there is no descriptor. */
function entriesOf(actions: JsonObject[], asked: Asked = {}): string[] | null {
  const [descriptor] = descriptorsOf([{ actions }], asked);
  return descriptor === undefined ? null : descriptor.entries.map(({ key, value }) => `${key}=${value}`);
}

const METADATA = { key: "ns", path: [{ key: "a" }, { key: "b" }] };
const setMetadata = (value: unknown) => (info: StreamInfo) => {
  info.metadata("ns").a = { b: value };
};

describe("Actions of rate_limits", () => {
  const rows: { name: string; action: JsonObject; asked?: Asked; gives: string[] | null }[] = [
    { name: "source_cluster", action: { sourceCluster: {} }, gives: ["source_cluster=proxies"] },
    { name: "destination_cluster", action: { destinationCluster: {} }, gives: ["destination_cluster=c"] },
    { name: "remote_address", action: { remoteAddress: {} }, gives: ["remote_address=192.168.1.77"] },
    {
      name: "remote_address of a Unix-domain socket",
      action: { remoteAddress: {} },
      asked: {
        prepare: (info) => {
          info.downstreamRemoteIp = "";
        },
      },
      gives: null,
    },
    { name: "generic_key", action: { genericKey: { descriptorValue: "v" } }, gives: ["generic_key=v"] },
    {
      name: "generic_key with a key",
      action: { genericKey: { descriptorKey: "k", descriptorValue: "\u00e9" } },
      gives: ["k=\u00c3\u00a9"],
    },
    {
      name: "request_headers takes the first value",
      action: { requestHeaders: { headerName: "X-A", descriptorKey: "k" } },
      asked: { headers: ["x-a", "1", "x-a", "2"] },
      gives: ["k=1"],
    },
    {
      name: "request_headers with a pseudo-header",
      action: { requestHeaders: { headerName: ":path", descriptorKey: "k" } },
      asked: { path: "/p?q" },
      gives: ["k=/p?q"],
    },
    {
      name: "request_headers without the header",
      action: { requestHeaders: { headerName: "x-a", descriptorKey: "k" } },
      gives: null,
    },
    {
      name: "header_value_match",
      action: { headerValueMatch: { descriptorValue: "v", headers: [{ name: "x-a", stringMatch: { exact: "1" } }] } },
      asked: { headers: ["x-a", "1"] },
      gives: ["header_match=v"],
    },
    {
      name: "header_value_match that does not match",
      action: { headerValueMatch: { descriptorValue: "v", headers: [{ name: "x-a" }] } },
      gives: null,
    },
    {
      name: "header_value_match that must not match",
      action: {
        headerValueMatch: { descriptorKey: "k", descriptorValue: "v", expectMatch: false, headers: [{ name: "x-a" }] },
      },
      gives: ["k=v"],
    },
    {
      name: "query_parameter_value_match undoes percent-encoding",
      action: {
        queryParameterValueMatch: {
          descriptorValue: "v",
          queryParameters: [{ name: "q&", stringMatch: { exact: "a b" } }],
        },
      },
      asked: { path: "/?x=1&q%26=a%20b#f" },
      gives: ["query_match=v"],
    },
    {
      name: "query_parameter_value_match that must not match",
      action: {
        queryParameterValueMatch: { descriptorValue: "v", expectMatch: false, queryParameters: [{ name: "q" }] },
      },
      asked: { path: "/?q=1" },
      gives: null,
    },
    {
      name: "metadata, dynamic",
      action: { metadata: { descriptorKey: "k", metadataKey: METADATA } },
      asked: { prepare: setMetadata("v") },
      gives: ["k=v"],
    },
    {
      name: "metadata that is no text",
      action: { metadata: { descriptorKey: "k", metadataKey: METADATA, defaultValue: "d" } },
      asked: { prepare: setMetadata(5) },
      gives: ["k=d"],
    },
    {
      name: "metadata that is missing",
      action: { metadata: { descriptorKey: "k", metadataKey: METADATA } },
      gives: null,
    },
    {
      name: "metadata of the route",
      action: { metadata: { descriptorKey: "k", source: "ROUTE_ENTRY", metadataKey: METADATA } },
      asked: {
        prepare: (info) => {
          info.routeMetadata = new Map([["ns", { a: { b: "r" } }]]);
        },
      },
      gives: ["k=r"],
    },
    {
      name: "dynamic_metadata, the older form",
      action: { dynamicMetadata: { descriptorKey: "k", metadataKey: METADATA } },
      asked: { prepare: setMetadata("v") },
      gives: ["k=v"],
    },
  ];
  for (const { name, action, asked, gives } of rows) {
    it(`${name}: ${gives === null ? "no descriptor" : gives.join()}`, () => {
      assert.deepEqual(entriesOf([action], asked), gives);
    });
  }

  it("mask addresses, and write them short", () => {
    const masked = (ip: string, more: JsonObject) =>
      entriesOf([{ maskedRemoteAddress: more }], {
        prepare: (info) => {
          info.downstreamRemoteIp = ip;
        },
      });
    assert.deepEqual(masked("192.168.1.77", {}), ["masked_remote_address=192.168.1.77/32"]);
    assert.deepEqual(masked("192.168.1.77", { v4PrefixMaskLen: 24 }), ["masked_remote_address=192.168.1.0/24"]);
    const ipv6 = "2001:abcd:ef01:2345:6789:abcd:ef01:234";
    assert.deepEqual(masked(ipv6, {}), [`masked_remote_address=${ipv6}/128`]);
    assert.deepEqual(masked(ipv6, { v6PrefixMaskLen: 64 }), ["masked_remote_address=2001:abcd:ef01:2345::/64"]);
    assert.deepEqual(masked(ipv6, { v6PrefixMaskLen: 0 }), ["masked_remote_address=::/0"]);
  });
});

describe("Descriptors of a request", () => {
  const header = (name: string, more: JsonObject = {}): JsonObject => ({
    requestHeaders: { headerName: name, descriptorKey: name, ...more },
  });

  it("join the entries of all actions, or are left out with the first that has none", () => {
    const generic = { genericKey: { descriptorValue: "v" } };
    assert.deepEqual(entriesOf([generic, header("x-a")], { headers: ["x-a", "1"] }), ["generic_key=v", "x-a=1"]);
    assert.equal(entriesOf([generic, header("x-a")]), null);
    assert.deepEqual(entriesOf([generic, header("x-a", { skipIfAbsent: true })]), ["generic_key=v"]);
  });

  it("are made one for each of the rate_limits that holds", () => {
    const made = descriptorsOf([{ actions: [header("x-a")] }, { actions: [header("x-b")] }], { headers: ["x-b", "2"] });
    assert.deepEqual(made, [{ entries: [{ key: "x-b", value: "2" }], limit: null }]);
  });

  it("are switched off by runtime under their disable_key, and without runtime by having one", () => {
    const limits = [{ disableKey: "k", actions: [header(":path")] }];
    const values = new Runtime();
    const switches = { values, random: fixedRandom };
    assert.equal(descriptorsOf(limits, {}, switches).length, 1);
    const entries = [["ratelimit.k.http_filter_enabled", { text: "0", number: 0 }]] as const;
    values.setLayers([{ name: "l", kind: "static", entries }]);
    assert.equal(descriptorsOf(limits, {}, switches).length, 0);
    assert.equal(descriptorsOf([{ actions: [header(":path")] }], {}, switches).length, 1);
    assert.equal(descriptorsOf(limits).length, 0);
  });

  it("carry the limit that dynamic metadata gives", () => {
    const limited = (value: unknown) =>
      descriptorsOf([{ actions: [header(":path")], limit: { dynamicMetadata: { metadataKey: METADATA } } }], {
        prepare: setMetadata(value),
      })[0]?.limit;
    assert.deepEqual(limited({ requests_per_unit: 42, unit: "HOUR" }), { requestsPerUnit: 42, unit: "HOUR" });
    for (const wrong of [
      { requests_per_unit: 42, unit: "HORA" },
      { requests_per_unit: -1, unit: "HOUR" },
      { unit: "DAY" },
      3,
    ]) {
      assert.equal(limited(wrong), null);
    }
  });
});
