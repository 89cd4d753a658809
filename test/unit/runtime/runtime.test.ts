import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Runtime } from "../../../src/runtime/runtime.ts";
import { type RuntimeEntry, textEntry, valueEntry } from "../../../src/runtime/runtime-entry.ts";

function runtimeWith(values: Readonly<Record<string, unknown>>): Runtime {
  const runtime = new Runtime();
  const entries = Object.entries(values).map(([key, value]): [string, RuntimeEntry] => [key, valueEntry(value)!]);
  runtime.setLayers([{ name: "static", kind: "static", entries }]);
  return runtime;
}

describe("Runtime", () => {
  it("leaves everything as configured without layers, and for keys that no layer has", () => {
    for (const runtime of [new Runtime(), runtimeWith({ other: 1 })]) {
      const share = { numerator: 3, denominator: 10, runtimeKey: "k" };
      assert.equal(runtime.share(share), share);
      assert.equal(runtime.flag({ on: true, runtimeKey: "k" }), true);
      assert.equal(runtime.integer({ value: 7, runtimeKey: "k" }), 7);
      assert.equal(runtime.number({ value: 0.5, runtimeKey: "k" }), 0.5);
    }
  });

  it("reads a share from a percentage and from a fractional percent", () => {
    const data = { numerator: 0, denominator: 100, runtimeKey: "k" };
    assert.deepEqual(runtimeWith({ k: 25 }).share(data), { numerator: 25, denominator: 100 });
    assert.deepEqual(runtimeWith({ k: { numerator: 5, denominator: "TEN_THOUSAND" } }).share(data), {
      numerator: 5,
      denominator: 10_000,
    });
    assert.equal(runtimeWith({ k: "many" }).share(data), data);
    assert.equal(runtimeWith({ k: -1 }).share(data), data);
  });

  it("reads switches, whole numbers and numbers, and passes over what is none", () => {
    assert.equal(runtimeWith({ k: "FALSE" }).flag({ on: true, runtimeKey: "k" }), false);
    assert.equal(runtimeWith({ k: 0 }).flag({ on: true, runtimeKey: "k" }), true);
    assert.equal(runtimeWith({ k: 2.9 }).integer({ value: 1, runtimeKey: "k" }), 2);
    assert.equal(runtimeWith({ k: "2.9" }).number({ value: 1, runtimeKey: "k" }), 2.9);
    assert.equal(runtimeWith({ k: true }).number({ value: 1, runtimeKey: "k" }), 1);
  });

  it("lets the last layer win, and the admin layer where it stands", () => {
    const runtime = new Runtime();
    runtime.setLayers([
      { name: "a", kind: "static", entries: [["k", textEntry("1")]] },
      { name: "admin", kind: "admin", entries: [] },
      { name: "b", kind: "static", entries: [["l", textEntry("2")]] },
    ]);
    runtime.setOverrides(
      new Map([
        ["k", textEntry("8")],
        ["l", textEntry("9")],
      ]),
    );
    assert.equal(runtime.integer({ value: 0, runtimeKey: "k" }), 8);
    assert.equal(runtime.integer({ value: 0, runtimeKey: "l" }), 2);
    assert.deepEqual(
      runtime.layers.map(({ entries }) => entries.map(([key, { text }]) => `${key}=${text}`)),
      [["k=1"], ["k=8", "l=9"], ["l=2"]],
    );
  });

  it("keeps no effect of the admin layer when that is taken away", () => {
    const runtime = new Runtime();
    runtime.setOverrides(new Map([["k", textEntry("8")]]));
    assert.equal(runtime.integer({ value: 0, runtimeKey: "k" }), 0);
    assert.equal(runtime.hasAdminLayer, false);
  });
});
