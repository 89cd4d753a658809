import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { EventStreamParser } from "../../../../src/admin/page/event-stream.ts";

describe("EventStreamParser", () => {
  it("puts events together from pieces cut anywhere", () => {
    const text = 'retry: 1000\n\nevent: sample\ndata: {"a":1}\n\ndata: one\ndata: two\n\n: comment\n\n';
    const expected = [
      { event: "sample", data: '{"a":1}' },
      { event: "message", data: "one\ntwo" },
    ];
    for (let size = 1; size <= text.length; size++) {
      const parser = new EventStreamParser();
      const events = [];
      for (let at = 0; at < text.length; at += size) events.push(...parser.push(text.slice(at, at + size)));
      assert.deepEqual(events, expected, `pieces of ${size}`);
    }
  });

  it("keeps an event that is not complete to itself", () => {
    const parser = new EventStreamParser();
    assert.deepEqual(parser.push("data: half\n"), []);
    assert.deepEqual(parser.push("\n"), [{ event: "message", data: "half" }]);
  });
});
