import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { internHeaderName, RequestHeaderMap } from "../../../src/http/header-map.ts";
import { readB3Context, writeB3Context } from "../../../src/tracing/b3-context.ts";
import { readW3cContext, writeW3cContext } from "../../../src/tracing/w3c-context.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";

function headersWith(values: Readonly<Record<string, string>>): RequestHeaderMap {
  const headers = new RequestHeaderMap();
  for (const [name, value] of Object.entries(values)) headers.add(internHeaderName(name), value);
  return headers;
}

describe("The W3C trace context", () => {
  const read = (traceparent: string) => readW3cContext(headersWith({ traceparent }));

  it("has trace, parent and whether it is sampled", () => {
    assert.deepEqual(read(`00-${TRACE}-${SPAN}-01`), { traceId: TRACE, parentId: SPAN, sampled: true, traceState: "" });
    assert.equal(read(`00-${TRACE}-${SPAN}-00`)!.sampled, false);
    assert.equal(read(`00-${TRACE}-${SPAN}-03`)!.sampled, true, "other flags say nothing");
  });

  it("is read from later versions as far as this one goes", () => {
    assert.equal(read(`cc-${TRACE}-${SPAN}-01-more`)!.parentId, SPAN);
    assert.equal(read(`00-${TRACE}-${SPAN}-01-more`), null);
    assert.equal(read(`ff-${TRACE}-${SPAN}-01`), null);
  });

  it("is none if it is malformed or zero", () => {
    for (const text of [
      "",
      "x",
      `00-${TRACE.toUpperCase()}-${SPAN}-01`,
      `00-${"0".repeat(32)}-${SPAN}-01`,
      `00-${TRACE}-${"0".repeat(16)}-01`,
      `00-${TRACE}-${SPAN}`,
      `00-${TRACE.slice(1)}-${SPAN}-01`,
    ]) {
      assert.equal(read(text), null, text);
    }
    assert.equal(readW3cContext(new RequestHeaderMap()), null);
  });

  it("is written over what came, its state with it", () => {
    const headers = headersWith({ traceparent: "old", tracestate: "a=1" });
    writeW3cContext(headers, TRACE, SPAN, false, "a=1");
    assert.deepEqual([headers.get("traceparent"), headers.get("tracestate")], [`00-${TRACE}-${SPAN}-00`, "a=1"]);
    writeW3cContext(headers, TRACE, SPAN, true, "");
    assert.deepEqual([headers.get("traceparent"), headers.get("tracestate")], [`00-${TRACE}-${SPAN}-01`, undefined]);
  });
});

describe("The B3 context", () => {
  it("is read from one header", () => {
    const read = (b3: string) => readB3Context(headersWith({ b3 }));
    assert.deepEqual(read(`${TRACE}-${SPAN}-1-05e3ac9a4f6e3b90`), {
      sampled: true,
      parent: { traceId: TRACE, spanId: SPAN, parentId: "05e3ac9a4f6e3b90" },
    });
    assert.equal(read(`${SPAN}-${SPAN}`)!.sampled, null, "the decision is ours");
    assert.equal(read(`${SPAN}-${SPAN}-d`)!.sampled, true, "debug is sampled");
    assert.equal(read(`${SPAN}-${SPAN}-0`)!.sampled, false);
    assert.deepEqual(read("0"), { sampled: false, parent: null });
    assert.deepEqual(read("no context"), { sampled: null, parent: null });
  });

  it("is read from several headers, with short identifiers", () => {
    const values = { "x-b3-traceid": "1F", "x-b3-spanid": "a2", "x-b3-sampled": "true" };
    assert.deepEqual(readB3Context(headersWith(values)), {
      sampled: true,
      parent: { traceId: "000000000000001f", spanId: "00000000000000a2", parentId: "" },
    });
    assert.deepEqual(readB3Context(headersWith({ "x-b3-sampled": "0" })), { sampled: false, parent: null });
    assert.equal(readB3Context(headersWith({ ...values, "x-b3-spanid": "not hex" })).parent, null);
    assert.equal(readB3Context(headersWith({ ...values, "x-b3-parentspanid": "-" })).parent, null);
    assert.deepEqual(readB3Context(new RequestHeaderMap()), { sampled: null, parent: null });
  });

  it("is written as several headers, and contradicts no other", () => {
    const headers = headersWith({ b3: "0", "x-b3-parentspanid": "old" });
    writeB3Context(headers, { traceId: TRACE, spanId: SPAN, parentId: "", sampled: true });
    assert.deepEqual(
      ["x-b3-traceid", "x-b3-spanid", "x-b3-parentspanid", "x-b3-sampled", "b3"].map((name) => headers.lookup(name)),
      [TRACE, SPAN, undefined, "1", undefined],
    );
  });
});
