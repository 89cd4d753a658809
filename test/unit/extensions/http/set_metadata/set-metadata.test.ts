import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { filtered } from "../filtered.ts";
import { metadataOf } from "../metadata-of.ts";

describe("The set_metadata filter", () => {
  it("writes values, and merges them where that is allowed", async (test) => {
    const metadata = [
      { metadata_namespace: "a", value: { n: 1, list: [1], inner: { x: 1, y: 1 } } },
      { metadata_namespace: "a", value: { n: 2 } },
      { metadata_namespace: "a", allow_overwrite: true, value: { s: "new", list: [2], inner: { y: 2, z: [3] } } },
      { metadata_namespace: "b", value: { __proto__: null, b: true } },
    ];
    const proxied = await filtered(test, "set_metadata", "Config", { metadata });
    for (const at of [0, 1]) {
      await (await proxied.client()).request();
      assert.deepEqual(await metadataOf(proxied, "a", at), {
        n: 1,
        list: [1, 2],
        inner: { x: 1, y: 2, z: [3] },
        s: "new",
      });
      assert.deepEqual(await metadataOf(proxied, "b", at), { b: true });
    }
  });

  it("refuses an entry without value", async (test) => {
    const metadata = [{ metadata_namespace: "a" }];
    await assert.rejects(filtered(test, "set_metadata", "Config", { metadata }), /metadata\[0\]: needs value/);
  });
});
