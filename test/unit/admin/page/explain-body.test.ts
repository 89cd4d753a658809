import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { bodyOf } from "../../../../src/admin/page/views/explain.ts";

const EMPTY = { url: "app.example/cart", method: "GET", headers: "", source: "", sni: "", listener: "", config: "" };

describe("The question of the Explain view", () => {
  it("has a whole URL and leaves out what is empty", () => {
    assert.deepEqual(JSON.parse(bodyOf(EMPTY)), { url: "http://app.example/cart", headers: {}, method: "GET" });
    assert.equal(JSON.parse(bodyOf({ ...EMPTY, url: "https://x/" })).url, "https://x/");
  });

  it("has headers by line, several of a name, and what is no header not at all", () => {
    const { headers } = JSON.parse(bodyOf({ ...EMPTY, headers: "a: 1\n a:2 \nnonsense\nb:\n" }));
    assert.deepEqual(headers, { a: ["1", "2"], b: [""] });
  });
});
