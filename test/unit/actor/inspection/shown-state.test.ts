import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { shownState } from "../../../../src/actor/inspection/shown-state.ts";

describe("shownState", () => {
  it("copies plain values, maps, sets and what JSON has no word for", () => {
    const value = {
      text: "a",
      count: 3n,
      nothing: undefined,
      infinite: Number.POSITIVE_INFINITY,
      names: new Set(["x"]),
      byName: new Map<unknown, unknown>([["k", [1, null]]]),
      bytes: Buffer.from("secret bytes"),
      work: () => {},
      error: new Error("boom"),
      at: new Date(0),
    };
    assert.deepEqual(shownState(value), {
      truncated: false,
      value: {
        text: "a",
        count: "3",
        nothing: null,
        infinite: "Infinity",
        names: ["x"],
        byName: { k: [1, null] },
        bytes: "[12 bytes]",
        work: "[function]",
        error: "boom",
        at: "1970-01-01T00:00:00.000Z",
      },
    });
  });

  it("hides what is secret by its name, in both forms of field names and in maps", () => {
    const value = {
      privateKey: { inlineString: "S" },
      session_ticket_keys: ["S"],
      headers: new Map([
        ["Authorization", "S"],
        ["cookie", "S"],
        ["accept", "ok"],
      ]),
    };
    const shown = shownState(value);
    assert.doesNotMatch(JSON.stringify(shown), /"S"/);
    assert.deepEqual(shown.value, {
      privateKey: "[redacted]",
      session_ticket_keys: "[redacted]",
      headers: { Authorization: "[redacted]", cookie: "[redacted]", accept: "ok" },
    });
  });

  it("cuts depth, lists, texts and the whole, and says so", () => {
    let deep: unknown = "bottom";
    for (let i = 0; i < 20; i++) deep = { deep };
    assert.match(JSON.stringify(shownState(deep)), /"\[deeper\]".*"truncated":true/);
    assert.deepEqual(shownState([1, 2, 3, 4], { entries: 2 }), { value: [1, 2, "[2 more]"], truncated: true });
    assert.deepEqual(shownState({ a: 1, b: 2 }, { entries: 1 }), { value: { a: 1, "[more]": "1" }, truncated: true });
    assert.deepEqual(shownState("abcdef", { textChars: 3 }), { value: "abc…", truncated: true });
    const wide = Array.from({ length: 90 }, () => Array.from({ length: 90 }, () => ({ a: 1 })));
    assert.ok(JSON.stringify(shownState(wide)).length < 100_000);
  });

  it("survives cycles and getters that throw, and keeps __proto__ a name", () => {
    const cycle: Record<string, unknown> = { name: "a" };
    cycle.self = cycle;
    Object.defineProperty(cycle, "bad", {
      enumerable: true,
      get: () => {
        throw new Error("no");
      },
    });
    assert.deepEqual(shownState(cycle).value, { name: "a", self: "[cycle]", bad: "[unreadable]" });
    const hostile = JSON.parse('{"__proto__":{"polluted":1}}');
    assert.equal(JSON.stringify(shownState(hostile).value), '{"__proto__":{"polluted":1}}');
  });
});
