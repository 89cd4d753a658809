import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Resource } from "../../../../actors/supervisor/config-compiler.ts";
import { diffResources, isEmptyDiff } from "../../../../actors/supervisor/resource-diff.ts";

const resource = (kind: string, name: string, hash: string): Resource => ({ kind, name, hash, data: new Uint8Array() });

describe("diffResources", () => {
  it("finds what was added, changed and removed, by kind, name and hash", () => {
    const before = [resource("cluster", "a", "1"), resource("cluster", "b", "1"), resource("cluster", "c", "1")];
    const after = [resource("listener", "a", "1"), resource("cluster", "b", "2"), resource("cluster", "c", "1")];
    const diff = diffResources(before, after);
    assert.deepEqual(diff.added, [{ kind: "listener", name: "a" }]);
    assert.deepEqual(diff.changed, [{ kind: "cluster", name: "b" }]);
    assert.deepEqual(diff.removed, [{ kind: "cluster", name: "a" }]);
    assert.deepEqual(diff.upserts, [after[0], after[1]]);
  });

  it("is empty for the same resources in another order", () => {
    const resources = [resource("cluster", "a", "1"), resource("cluster", "b", "1")];
    assert.equal(isEmptyDiff(diffResources(resources, resources.toReversed())), true);
  });

  it("treats names of built-in properties as ordinary", () => {
    const diff = diffResources([], [resource("cluster", "__proto__", "1"), resource("cluster", "constructor", "1")]);
    assert.equal(diff.added.length, 2);
  });
});
