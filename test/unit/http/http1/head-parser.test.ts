import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { internHeaderName } from "../../../../src/http/header-map.ts";
import { FIELD_STRIDE, HeadParser } from "../../../../src/http/http1/head-parser.ts";
import { findKnownName, KNOWN_NAMES, KnownName } from "../../../../src/http/http1/known-header-names.ts";

const LIMITS = { headBytes: 1000, fieldCount: 70 };

describe("HeadParser", () => {
  it("finds a head in the middle of a buffer", () => {
    const data = Buffer.from("....GET / HTTP/1.1\r\nHost: a\r\nX-Y:\r\n\r\nrest");
    const parser = new HeadParser();
    parser.beginHead(true);
    assert.equal(parser.parse(data, 4, data.length, LIMITS), true);
    assert.equal(data.toString("latin1", 4 + parser.length), "rest");
    assert.deepEqual(
      [parser.startLineStart, parser.startLineEnd, parser.firstSpace, parser.secondSpace],
      [0, 14, 3, 5],
    );
    assert.deepEqual(
      [...parser.fields.subarray(0, 2 * FIELD_STRIDE)],
      [KnownName.host, 16, 20, 22, 23, -1, 25, 28, 29, 29],
    );
  });

  it("goes on in another buffer, looking at each byte of a header once", () => {
    const line = "GET / HTTP/1.1\r\n";
    const fields = "X-A: b\r\n\r\n";
    const parser = new HeadParser();
    parser.beginHead(true);
    assert.equal(parser.parse(Buffer.from(line), 0, line.length, LIMITS), false);
    for (let seen = 1; seen < fields.length; seen++) {
      // A name is looked at once more when it is complete; after that, bytes already seen may be unreadable.
      const before = seen <= 4 ? fields.slice(0, seen - 1) : "\0".repeat(seen - 1);
      const data = Buffer.from(line + before + fields.slice(seen - 1, seen));
      assert.equal(parser.parse(data, 0, data.length, LIMITS), false);
      assert.equal(parser.length, line.length + seen);
    }
    assert.equal(parser.parse(Buffer.from(line + fields), 0, line.length + fields.length, LIMITS), true);
    assert.equal(parser.fieldCount, 1);
  });

  it("keeps room for more fields than at first", () => {
    const data = Buffer.from(`GET / HTTP/1.1\r\n${"A: b\r\n".repeat(70)}\r\n`);
    const parser = new HeadParser();
    parser.beginHead(true);
    assert.equal(parser.parse(data, 0, data.length, LIMITS), true);
    assert.equal(parser.fieldCount, 70);
    assert.equal(
      data.toString("latin1", parser.fields[69 * FIELD_STRIDE + 3]!, parser.fields[69 * FIELD_STRIDE + 4]!),
      "b",
    );
  });
});

describe("findKnownName", () => {
  it("finds each known name in any case, interned", () => {
    for (const [id, name] of KNOWN_NAMES.entries()) {
      for (const text of [name, name.toUpperCase()]) {
        const data = Buffer.from(`.${text}.`);
        assert.equal(findKnownName(data, 1, 1 + name.length), id, text);
      }
      assert.equal(internHeaderName(name.toUpperCase()), name);
    }
  });

  it("tells apart names that begin their search at the same place", () => {
    for (const name of KNOWN_NAMES) {
      // Length and the bytes looked at stay, others change.
      const middle = name.length >> 1;
      const other = [...name]
        .map((char, i) => (i === 0 || i === middle || i === name.length - 1 ? char : "~"))
        .join("");
      if (other === name) continue;
      const data = Buffer.from(other);
      assert.equal(findKnownName(data, 0, data.length), KnownName.unknown, other);
    }
  });
});
