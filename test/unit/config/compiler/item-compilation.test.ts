import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ItemCompilation } from "../../../../src/config/compiler/item-compilation.ts";
import { ExtensionIndex } from "../../../../src/config/extension-index.ts";
import { supportTables } from "../../../../src/config/support-walk.ts";

function compilation(): ItemCompilation {
  const facts = { nodeId: "", nodeCluster: "", nodeZone: "", directory: "/", secrets: {} };
  const made = new ItemCompilation({
    facts,
    extensions: new ExtensionIndex([], supportTables([])),
    allowUnsupported: false,
  });
  made.owner = { kind: "listener", name: "l" };
  return made;
}

describe("Resources of one item", () => {
  it("have names of their own, also when somebody has chosen a name that looks made", () => {
    const item = compilation();
    const names = ["routes", "routes", "routes~3", "routes"].map((name) => item.addResource("routeTable", name, null));
    assert.deepEqual(names, ["l/routes", "l/routes~2", "l/routes~3", "l/routes~4"]);
    assert.equal(item.addResource("tokenBucket", "routes", null), "l/routes");
  });

  it("cost the same each, however many have one name", () => {
    const item = compilation();
    const names = new Set<string>();
    for (let i = 0; i < 100_000; i++) names.add(item.addResource("routeTable", "local_route", null));
    assert.equal(names.size, 100_000);
  });
});
