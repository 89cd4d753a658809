import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fromJson, type JsonValue } from "@bufbuild/protobuf";
import {
  type MessageSupport,
  noEffect,
  notYet,
  only,
  support,
  supportAll,
  within,
  yes,
} from "../../../src/config/field-support.ts";
import { Place } from "../../../src/config/place.ts";
import { supportTables, walkSupport } from "../../../src/config/support-walk.ts";
import { ClusterSchema } from "../../../src/proto/gen/envoy/config/cluster/v3/cluster_pb.js";
import { ClusterLoadAssignmentSchema } from "../../../src/proto/gen/envoy/config/endpoint/v3/endpoint_pb.js";
import { typeRegistry } from "../../../src/proto/type-registry.ts";

function walk(tables: readonly MessageSupport[], json: JsonValue): string[] {
  const found: string[] = [];
  const message = fromJson(ClusterSchema, json, { registry: typeRegistry });
  walkSupport(ClusterSchema, message, Place.root, supportTables(tables), {
    unsupported: (place, text, hint) => found.push(`${place}: ${text}${hint === undefined ? "" : ` (${hint})`}`),
    any: (any, place) => found.push(`${place}: any ${any.typeUrl}`),
  });
  return found;
}

describe("walkSupport", () => {
  it("passes what is listed and refuses what is set and not listed", () => {
    const tables = [support(ClusterSchema, { name: yes })];
    assert.deepEqual(walk(tables, { name: "a" }), []);
    assert.deepEqual(walk(tables, { name: "a", lbPolicy: "RANDOM", connectTimeout: "1s" }), [
      "connect_timeout: connect_timeout is not supported yet",
      "lb_policy: lb_policy is not supported yet",
    ]);
  });

  it("does not see fields that are set to what they are anyway", () => {
    assert.deepEqual(walk([support(ClusterSchema, {})], { lbPolicy: "ROUND_ROBIN", respectDnsTtl: false }), []);
  });

  it("passes only the listed values", () => {
    const tables = [support(ClusterSchema, { type: only(["STRICT_DNS"]), lb_policy: only(["RANDOM"], "try RANDOM") })];
    assert.deepEqual(walk(tables, { type: "STRICT_DNS", lbPolicy: "RANDOM" }), []);
    assert.deepEqual(walk(tables, { type: "EDS", lbPolicy: "MAGLEV" }), [
      "type: type EDS is not supported yet (supported: STRICT_DNS)",
      "lb_policy: lb_policy MAGLEV is not supported yet (try RANDOM)",
    ]);
  });

  it("gives the reason and the hint of a refusal, and is silent about what has no effect", () => {
    const tables = [
      support(ClusterSchema, { alt_stat_name: notYet("why", "hint"), track_timeout_budgets: noEffect("x") }),
    ];
    assert.deepEqual(walk(tables, { altStatName: "a", trackTimeoutBudgets: true }), [
      "alt_stat_name: alt_stat_name is not supported yet: why (hint)",
    ]);
  });

  it("goes into messages that have a table and refuses those that have none", () => {
    const json = { loadAssignment: { clusterName: "a", endpoints: [{ priority: 1 }] } };
    const cluster = support(ClusterSchema, { load_assignment: yes });
    assert.deepEqual(walk([cluster], json), ["load_assignment: load_assignment is not supported yet"]);
    assert.deepEqual(walk([cluster, support(ClusterLoadAssignmentSchema, { endpoints: yes })], json), [
      "load_assignment.cluster_name: cluster_name is not supported yet",
      "load_assignment.endpoints[0]: endpoints is not supported yet",
    ]);
  });

  it("lets a table below one field go before the table of the same message elsewhere", () => {
    const inner = support(ClusterLoadAssignmentSchema, { cluster_name: yes });
    const tables = [
      support(ClusterSchema, { load_assignment: within(inner) }),
      support(ClusterLoadAssignmentSchema, {}),
    ];
    assert.deepEqual(walk(tables, { loadAssignment: { clusterName: "a" } }), []);
  });

  it("hands over each Any with its place", () => {
    const options = { "a.b": { "@type": "type.googleapis.com/google.protobuf.Empty" } };
    assert.deepEqual(walk([supportAll(ClusterSchema)], { typedExtensionProtocolOptions: options }), [
      'typed_extension_protocol_options["a.b"]: any type.googleapis.com/google.protobuf.Empty',
    ]);
  });
});

describe("support", () => {
  it("refuses a table with a field that the message has not", () => {
    assert.throws(() => support(ClusterSchema, { conect_timeout: yes }), /Cluster has no field conect_timeout/);
  });
});
