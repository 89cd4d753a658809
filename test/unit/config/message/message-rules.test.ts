import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fromJson, type JsonValue } from "@bufbuild/protobuf";
import { checkRules } from "../../../../src/config/message/message-rules.ts";
import { Place } from "../../../../src/config/place.ts";
import { messageType, typeRegistry } from "../../../../src/proto/type-registry.ts";

function broken(typeName: string, json: JsonValue, incomplete: readonly string[] = []): string[] {
  const type = messageType(typeName)!;
  const found: string[] = [];
  checkRules(
    type,
    fromJson(type, json, { registry: typeRegistry }),
    Place.root,
    (place, message) => found.push(`${place}: ${message}`),
    (place) => incomplete.includes(place.toString()),
  );
  return found;
}

const CORE = "envoy.config.core.v3";
const ROUTE = "envoy.config.route.v3";

describe("checkRules", () => {
  const rows: { name: string; type: string; json: JsonValue; found: string[] }[] = [
    { name: "min_len", type: `${CORE}.Pipe`, json: {}, found: ["path: path must not be empty"] },
    {
      name: "lte of a number",
      type: `${CORE}.Pipe`,
      json: { path: "x", mode: 512 },
      found: ["mode: mode must be at most 511, found 512"],
    },
    {
      name: "required of a message",
      type: `${ROUTE}.Route`,
      json: { directResponse: { status: 200 } },
      found: ["match: match is required"],
    },
    {
      name: "required of a oneof",
      type: `${CORE}.Address`,
      json: {},
      found: [": one of socket_address, pipe, envoy_internal_address is required"],
    },
    {
      name: "gte and lt of a number in a oneof",
      type: `${ROUTE}.Route`,
      json: { match: { prefix: "/" }, directResponse: { status: 600 } },
      found: ["direct_response.status: status must be less than 600, found 600"],
    },
    {
      name: "gt of a duration",
      type: "envoy.config.cluster.v3.Cluster",
      json: { name: "a", connectTimeout: "0s" },
      found: ["connect_timeout: connect_timeout must be more than 0s, found 0s"],
    },
    {
      name: "gte of a wrapped number",
      type: "envoy.config.cluster.v3.Cluster",
      json: {
        name: "a",
        loadAssignment: { clusterName: "a", endpoints: [{ lbEndpoints: [{ loadBalancingWeight: 0 }] }] },
      },
      found: [
        "load_assignment.endpoints[0].lb_endpoints[0].load_balancing_weight: load_balancing_weight must be at least 1, found 0",
      ],
    },
    {
      name: "min_items of a list",
      type: `${ROUTE}.VirtualHost`,
      json: { name: "a" },
      found: ["domains: domains must have at least one item, has 0"],
    },
    {
      name: "header names of items",
      type: `${ROUTE}.VirtualHost`,
      json: { name: "a", domains: ["*"], requestHeadersToRemove: ["ok", "a\nb"] },
      found: ['request_headers_to_remove[1]: request_headers_to_remove must be a header name, found "a\\nb"'],
    },
    {
      name: "rules below lists of messages",
      type: `${ROUTE}.RouteConfiguration`,
      json: { virtualHosts: [{ name: "", domains: ["*"] }] },
      found: ["virtual_hosts[0].name: name must not be empty"],
    },
    {
      name: "not_in of an enum",
      type: "envoy.config.trace.v3.ZipkinConfig",
      json: { collectorCluster: "a", collectorEndpoint: "/" },
      found: [],
    },
    {
      name: "max_bytes",
      type: `${CORE}.HeaderValue`,
      json: { key: "k".repeat(16385) },
      found: ["key: key must have at most 16384 bytes, has 16385"],
    },
    {
      name: "in of a string",
      type: "envoy.extensions.filters.http.router.v3.Router",
      json: { strictCheckHeaders: ["x-other"] },
      found: [
        'strict_check_headers[0]: strict_check_headers must be one of "x-envoy-upstream-rq-timeout-ms", "x-envoy-upstream-rq-per-try-timeout-ms", "x-envoy-max-retries", "x-envoy-retry-grpc-on", "x-envoy-retry-on", found "x-other"',
      ],
    },
  ];
  for (const { name, type, json, found } of rows) {
    it(`checks ${name}`, () => assert.deepEqual(broken(type, json), found));
  }

  it("does not ask for the message of a oneof member that is not chosen", () => {
    assert.deepEqual(broken(`${ROUTE}.RouteMatch`, { prefix: "/" }), []);
  });

  it("does not judge the own fields of a message that lost some to errors, but what is below", () => {
    const json = { virtualHosts: [{ domains: [], routes: [{ directResponse: { status: 1 } }] }] };
    assert.deepEqual(broken(`${ROUTE}.RouteConfiguration`, json, ["virtual_hosts[0]"]), [
      "virtual_hosts[0].routes[0].match: match is required",
      "virtual_hosts[0].routes[0].direct_response.status: status must be at least 200, found 1",
    ]);
  });
});
