import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { resourceAttributes } from "../../../../src/extensions/opentelemetry/resource-attributes.ts";

describe("The resource of spans", () => {
  const of = (variable?: string): object => {
    const environment = new Map(variable === undefined ? [] : [["OTEL_RESOURCE_ATTRIBUTES", variable]]);
    const detectors = [{ type: "environment" }, { type: "static", attributes: [["b", "static"]] }] as const;
    return Object.fromEntries(resourceAttributes("edge", detectors, environment));
  };

  it("has what the environment names, and over it what the configuration does", () => {
    assert.deepEqual(of("a=1, b = 2 ,c=x=y"), { "service.name": "edge", a: "1", b: "static", c: "x=y" });
    assert.deepEqual(of("service.name=shop"), { "service.name": "shop", b: "static" });
  });

  it("has the rest if the environment names nothing, or nonsense", () => {
    for (const variable of [undefined, "", "nonsense", "=x,,a="]) {
      assert.deepEqual(of(variable), { "service.name": "edge", b: "static" }, String(variable));
    }
  });
});
