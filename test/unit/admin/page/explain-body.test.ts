import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { bodyOf, listenerOf } from "../../../../src/admin/page/views/explain.ts";

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

  it("is put to the listener at the URL's port, else to the first, unless one is chosen or proposed", () => {
    const listener = (name: string, port: number) => ({
      name,
      local_address: { socket_address: { port_value: port } },
    });
    const listeners = [listener("one", 80), listener("two", 8080)];
    assert.equal(listenerOf({ ...EMPTY, url: "http://a:8080/x" }, listeners), "two");
    assert.equal(listenerOf({ ...EMPTY, url: "a.test:8080" }, listeners), "two");
    assert.equal(listenerOf({ ...EMPTY, url: "http://a/x:8080" }, listeners), "one");
    assert.equal(listenerOf(EMPTY, listeners), "one");
    assert.equal(listenerOf(EMPTY, listeners.slice(1)), "");
    assert.equal(listenerOf({ ...EMPTY, listener: "x" }, listeners), "x");
    assert.equal(listenerOf({ ...EMPTY, config: "node: {}" }, listeners), "");
  });
});
