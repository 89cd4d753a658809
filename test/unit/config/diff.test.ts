import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ResourceStamp } from "../../../src/config/compile-request.ts";
import { diffResources, isEmptyDiff } from "../../../src/config/diff.ts";

function stamp(name: string, hash: string, kind: ResourceStamp["kind"] = "cluster"): ResourceStamp {
  return { kind, name, hash };
}

describe("diffResources", () => {
  it("tells what was added, changed and removed, whatever the order", () => {
    const before = [stamp("a", "1"), stamp("b", "1"), stamp("c", "1")];
    const after = [stamp("d", "1"), stamp("c", "1"), stamp("b", "2")];
    assert.deepEqual(diffResources(before, after), {
      added: [stamp("d", "1")],
      changed: [stamp("b", "2")],
      removed: [stamp("a", "1")],
      unchangedCount: 1,
    });
  });

  it("keeps kinds apart", () => {
    const diff = diffResources([stamp("a", "1", "listener")], [stamp("a", "1", "cluster")]);
    assert.deepEqual([diff.added.length, diff.removed.length], [1, 1]);
  });

  it("is empty for equal lists", () => {
    assert.equal(isEmptyDiff(diffResources([stamp("a", "1")], [stamp("a", "1")])), true);
    assert.equal(isEmptyDiff(diffResources([], [stamp("a", "1")])), false);
  });
});
