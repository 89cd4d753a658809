import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fromJson, type JsonValue, type Message, toJson } from "@bufbuild/protobuf";
import { canonicalMessage } from "../../../../src/config/message/canonical-message.ts";
import { Place } from "../../../../src/config/place.ts";
import { parseYaml } from "../../../../src/config/source/yaml-document.ts";
import { messageType, typeRegistry } from "../../../../src/proto/type-registry.ts";

const CLUSTER = "envoy.config.cluster.v3.Cluster";
const HOST = "envoy.config.route.v3.VirtualHost";

function read(typeName: string, yaml: string): { json: unknown; problems: string[] } {
  const type = messageType(typeName)!;
  const { document, problems: syntax } = parseYaml(yaml);
  assert.deepEqual(syntax, undefined);
  const problems: string[] = [];
  const canonical = canonicalMessage(type, document!.root, Place.root, (place, message, hint) => {
    problems.push(`${place}: ${message}${hint === undefined ? "" : ` (${hint})`}`);
  });
  if (canonical === undefined) return { json: undefined, problems };
  const message: Message = fromJson(type, canonical as JsonValue, { registry: typeRegistry });
  return { json: toJson(type, message, { registry: typeRegistry, useProtoFieldName: true }), problems };
}

describe("canonicalMessage", () => {
  const lenient: { name: string; type: string; yaml: string; json: object }[] = [
    { name: "one value for a list", type: HOST, yaml: 'name: a\ndomains: "*"', json: { name: "a", domains: ["*"] } },
    { name: "one map for a list", type: HOST, yaml: "routes: {name: r}", json: { routes: [{ name: "r" }] } },
    {
      name: "enums in lower case",
      type: CLUSTER,
      yaml: "lb_policy: least_request",
      json: { lb_policy: "LEAST_REQUEST" },
    },
    { name: "enums by number", type: CLUSTER, yaml: "lb_policy: 3", json: { lb_policy: "RANDOM" } },
    { name: "camelCase names", type: CLUSTER, yaml: "connectTimeout: 1s", json: { connect_timeout: "1s" } },
    {
      name: "durations in fractions",
      type: CLUSTER,
      yaml: "connect_timeout: 0.25s",
      json: { connect_timeout: "0.250s" },
    },
    {
      name: "durations in parts",
      type: CLUSTER,
      yaml: "connect_timeout: {seconds: 300}",
      json: { connect_timeout: "300s" },
    },
    {
      name: "durations with nanos",
      type: CLUSTER,
      yaml: "connect_timeout: {nanos: 5000000}",
      json: { connect_timeout: "0.005s" },
    },
    {
      name: "hexadecimal integers",
      type: CLUSTER,
      yaml: "per_connection_buffer_limit_bytes: 0x8000",
      json: { per_connection_buffer_limit_bytes: 32768 },
    },
    {
      name: "integers in quotes",
      type: CLUSTER,
      yaml: 'per_connection_buffer_limit_bytes: "42"',
      json: { per_connection_buffer_limit_bytes: 42 },
    },
    {
      name: "wrapped values as maps",
      type: CLUSTER,
      yaml: "per_connection_buffer_limit_bytes: {value: 7}",
      json: { per_connection_buffer_limit_bytes: 7 },
    },
    {
      name: "null as unset",
      type: CLUSTER,
      yaml: "name: a\nconnect_timeout: null\nhealth_checks:",
      json: { name: "a" },
    },
    { name: "a fraction without quotes as text", type: CLUSTER, yaml: "name: 1.5", json: { name: "1.5" } },
    {
      name: "an empty typed_config as none",
      type: "envoy.config.core.v3.TypedExtensionConfig",
      yaml: "name: a\ntyped_config: {}",
      json: { name: "a" },
    },
    {
      name: "a TypedStruct as the message it stands for",
      type: "envoy.config.core.v3.TypedExtensionConfig",
      yaml: 'name: a\ntyped_config:\n  "@type": type.googleapis.com/xds.type.v3.TypedStruct\n  type_url: type.googleapis.com/envoy.config.route.v3.VirtualHost\n  value: {domains: x}',
      json: {
        name: "a",
        typed_config: { "@type": "type.googleapis.com/envoy.config.route.v3.VirtualHost", domains: ["x"] },
      },
    },
    {
      name: "an Any of a wrapped value",
      type: "envoy.config.core.v3.TypedExtensionConfig",
      yaml: 'typed_config: {"@type": type.googleapis.com/google.protobuf.StringValue, value: x}',
      json: { typed_config: { "@type": "type.googleapis.com/google.protobuf.StringValue", value: "x" } },
    },
    {
      name: "an Any of nothing",
      type: "envoy.config.core.v3.TypedExtensionConfig",
      yaml: 'typed_config: {"@type": type.googleapis.com/google.protobuf.Empty, value: {}}',
      json: { typed_config: { "@type": "type.googleapis.com/google.protobuf.Empty" } },
    },
    {
      name: "any value in a struct",
      type: "envoy.config.core.v3.Node",
      yaml: "metadata: {a: 1, b: [x, true, null], __proto__: {c: 2}}",
      json: { metadata: JSON.parse('{"a": 1, "b": ["x", true, null], "__proto__": {"c": 2}}') },
    },
  ];
  for (const { name, type, yaml, json } of lenient) {
    it(`accepts ${name}`, () => assert.deepEqual(read(type, yaml), { json, problems: [] }));
  }

  const wrong: { name: string; type: string; yaml: string; problems: string[] }[] = [
    {
      name: "an unknown field, with the likely one",
      type: CLUSTER,
      yaml: "conect_timeout: 1s",
      problems: [
        'conect_timeout: envoy.config.cluster.v3.Cluster has no field "conect_timeout" (did you mean connect_timeout?)',
      ],
    },
    {
      name: "an unknown field far from any, with the list if it is short",
      type: "envoy.config.core.v3.Pipe",
      yaml: "zzzzzzzz: 1",
      problems: ['zzzzzzzz: envoy.config.core.v3.Pipe has no field "zzzzzzzz" (its fields are path, mode)'],
    },
    {
      name: "a map for a scalar",
      type: CLUSTER,
      yaml: "name: {a: 1}",
      problems: ["name: expected a string, found a map"],
    },
    {
      name: "a number for a string",
      type: CLUSTER,
      yaml: "name: 42",
      problems: ['name: expected a string, found 42 (put it in quotes: "42")'],
    },
    {
      name: "a scalar for a message",
      type: CLUSTER,
      yaml: "load_assignment: x",
      problems: ['load_assignment: expected a map (envoy.config.endpoint.v3.ClusterLoadAssignment), found "x"'],
    },
    {
      name: "a quoted boolean",
      type: CLUSTER,
      yaml: 'respect_dns_ttl: "true"',
      problems: ['respect_dns_ttl: expected true or false, found "true" (remove the quotes)'],
    },
    {
      name: "an integer out of range",
      type: CLUSTER,
      yaml: "per_connection_buffer_limit_bytes: -1",
      problems: ["per_connection_buffer_limit_bytes: -1 is out of range (between 0 and 4294967295)"],
    },
    {
      name: "a fraction for an integer",
      type: CLUSTER,
      yaml: "per_connection_buffer_limit_bytes: 1.5",
      problems: ['per_connection_buffer_limit_bytes: expected an integer, found "1.5"'],
    },
    {
      name: "a duration without unit",
      type: CLUSTER,
      yaml: "connect_timeout: 5",
      problems: ["connect_timeout: expected a duration, found 5 (with its unit: 5s)"],
    },
    {
      name: "a duration in milliseconds",
      type: CLUSTER,
      yaml: "connect_timeout: 250ms",
      problems: ['connect_timeout: expected a duration, found "250ms" (in seconds: 0.25s)'],
    },
    {
      name: "a field in two spellings",
      type: CLUSTER,
      yaml: "connect_timeout: 1s\nconnectTimeout: 2s",
      problems: ["connect_timeout: connect_timeout is set twice, as connect_timeout and connectTimeout"],
    },
    {
      name: "two members of a oneof",
      type: "envoy.config.route.v3.RouteMatch",
      yaml: "prefix: /\npath: /x",
      problems: ["path: only one of prefix and path may be set"],
    },
    {
      name: "an empty item of a list",
      type: HOST,
      yaml: "domains: [a, null]",
      problems: ["domains[1]: an item of a list must not be empty"],
    },
    {
      name: "a typed_config without type",
      type: "envoy.config.core.v3.TypedExtensionConfig",
      yaml: "typed_config: {a: 1}",
      problems: ['typed_config: "@type" is missing (such as "@type": type.googleapis.com/envoy.…)'],
    },
    {
      name: "a type without prefix",
      type: "envoy.config.core.v3.TypedExtensionConfig",
      yaml: 'typed_config: {"@type": envoy.config.route.v3.VirtualHost}',
      problems: [
        'typed_config.@type: "envoy.config.route.v3.VirtualHost" is no type URL (type.googleapis.com/envoy.config.route.v3.VirtualHost)',
      ],
    },
    {
      name: "an unknown field inside a typed_config",
      type: "envoy.config.core.v3.TypedExtensionConfig",
      yaml: 'typed_config: {"@type": type.googleapis.com/envoy.config.core.v3.Pipe, pth: x}',
      problems: ['typed_config.pth: envoy.config.core.v3.Pipe has no field "pth" (did you mean path?)'],
    },
  ];
  for (const { name, type, yaml, problems } of wrong) {
    it(`refuses ${name}`, () => assert.deepEqual(read(type, yaml).problems, problems));
  }

  it("refuses an unknown enum value and lists the right ones", () => {
    const [problem] = read(CLUSTER, "type: STATICK").problems;
    assert.match(
      problem!,
      /^type: "STATICK" is no value of envoy\.config\.cluster\.v3\.Cluster\.DiscoveryType \(did you mean STATIC\? One of STATIC, STRICT_DNS, /,
    );
  });

  it("reports everything at once and keeps what is right", () => {
    const { json, problems } = read(CLUSTER, "name: a\nx: 1\nconnect_timeout: z\nlb_policy: random");
    assert.equal(problems.length, 2);
    assert.deepEqual(json, { name: "a", lb_policy: "RANDOM" });
  });
});
