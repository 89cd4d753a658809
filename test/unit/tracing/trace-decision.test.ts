import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { internHeaderName, RequestHeaderMap } from "../../../src/http/header-map.ts";
import type { SamplingData } from "../../../src/route/route-tracing.ts";
import { Runtime } from "../../../src/runtime/runtime.ts";
import { type RuntimeEntry, valueEntry } from "../../../src/runtime/runtime-entry.ts";
import { decideTrace } from "../../../src/tracing/trace-decision.ts";

const share = (percent: number, runtimeKey: string) => ({ numerator: percent * 100, denominator: 10_000, runtimeKey });
const sampling = (client: number, random: number, overall: number): SamplingData => ({
  client: share(client, "tracing.client_enabled"),
  random: share(random, "tracing.random_sampling"),
  overall: share(overall, "tracing.global_enabled"),
});
const ALL = sampling(100, 100, 100);
/** 0x1388 = 5000: in the middle of 10,000. */
const id = (mark: string): string => `00001388-1234-${mark}123-8123-123456789abc`;

interface Case {
  readonly mark?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly sampling?: SamplingData;
  readonly runtime?: readonly [string, RuntimeEntry][];
}

/** The decision, and the digit that tells the next proxy. */
function decide({ mark = "4", headers = {}, sampling = ALL, runtime = [] }: Case): [string, string] {
  const map = new RequestHeaderMap();
  map.set("x-request-id", id(mark));
  for (const [name, value] of Object.entries(headers)) map.set(internHeaderName(name), value);
  const values = new Runtime();
  values.setLayers([{ name: "test", kind: "static", entries: runtime }]);
  const reason = decideTrace(map, sampling, values, () => 0);
  return [reason, map.get("x-request-id")![14]!];
}

describe("Whether a request is traced", () => {
  it("is decided by the share of random sampling, by the request's id", () => {
    assert.deepEqual(decide({}), ["sampling", "9"]);
    assert.deepEqual(decide({ sampling: sampling(100, 50, 100) }), ["notTraceable", "4"], "5000 of 10000 is out");
    assert.deepEqual(decide({ sampling: sampling(100, 50.01, 100) }), ["sampling", "9"]);
  });

  it("is decided by who asks for it", () => {
    const none = sampling(100, 0, 100);
    assert.deepEqual(decide({ sampling: none, headers: { "x-client-trace-id": "c" } }), ["clientForced", "b"]);
    assert.deepEqual(decide({ sampling: none, headers: { "x-envoy-force-trace": "true" } }), ["serviceForced", "a"]);
    const deaf = sampling(0, 0, 100);
    assert.deepEqual(decide({ sampling: deaf, headers: { "x-client-trace-id": "c" } }), ["notTraceable", "4"]);
  });

  it("stays as an earlier proxy has decided, within the overall limit", () => {
    const none = sampling(100, 0, 100);
    assert.deepEqual(decide({ mark: "9", sampling: none }), ["sampling", "9"]);
    assert.deepEqual(decide({ mark: "a", sampling: none }), ["serviceForced", "a"]);
    assert.deepEqual(decide({ mark: "b", sampling: none }), ["clientForced", "b"]);
    assert.deepEqual(decide({ mark: "b", sampling: sampling(100, 100, 0) }), ["notTraceable", "4"]);
  });

  it("can be changed by runtime", () => {
    const off: [string, RuntimeEntry][] = [["tracing.global_enabled", valueEntry(0)!]];
    assert.deepEqual(decide({ runtime: off }), ["notTraceable", "4"]);
  });

  it("is not written into the id where ids are left alone", () => {
    const headers = new RequestHeaderMap();
    headers.set("x-request-id", id("4"));
    assert.equal(
      decideTrace(headers, ALL, new Runtime(), () => 0, false),
      "sampling",
    );
    assert.equal(headers.get("x-request-id"), id("4"));
  });

  it("is no for a request without an id, or with one that is no UUID", () => {
    const headers = new RequestHeaderMap();
    assert.equal(
      decideTrace(headers, ALL, new Runtime(), () => 0),
      "notTraceable",
    );
    headers.set("x-request-id", "mine");
    assert.equal(
      decideTrace(headers, ALL, new Runtime(), () => 0),
      "notTraceable",
    );
    assert.equal(headers.get("x-request-id"), "mine");
  });
});
