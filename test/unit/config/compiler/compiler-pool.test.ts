import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { type CompileOutcome, resourceKey } from "../../../../src/config/compiler/compile-request.ts";
import { CompilerPool } from "../../../../src/config/compiler/compiler-pool.ts";
import { unpackResource } from "../../../../src/config/compiler/resource-packing.ts";

const pool = new CompilerPool(new URL("../sample-compiler-table.ts", import.meta.url).href);
after(() => pool.close());

function compile(content: string, known?: ReadonlyMap<string, string>): Promise<CompileOutcome> {
  const texts = [{ file: "a.yaml", content }];
  return pool.compile(known === undefined ? { texts } : { texts, known });
}

describe("CompilerPool", () => {
  it("compiles on its thread and answers with packed data", async () => {
    const outcome = await compile("static_resources:\n  clusters:\n  - name: a\n  - name: b\n");
    assert.ok(outcome.ok);
    assert.deepEqual(outcome.resources.map(resourceKey), ["cluster a", "cluster b"]);
    const names = outcome.changed.map(({ data }) => (unpackResource(data) as { name: string }).name);
    assert.deepEqual(names, ["a", "b"]);
  });

  it("leaves out the data of what the caller knows", async () => {
    const first = await compile("static_resources:\n  clusters:\n  - name: a\n  - name: b\n");
    assert.ok(first.ok);
    const known = new Map(first.resources.map((each) => [resourceKey(each), each.hash]));
    const second = await compile("static_resources:\n  clusters:\n  - name: a\n  - name: c\n", known);
    assert.ok(second.ok);
    assert.deepEqual(second.changed.map(resourceKey), ["cluster c"]);
  });

  it("answers with problems and goes on", async () => {
    const [bad, good] = await Promise.all([compile("static_resources: 5"), compile("static_resources: {}")]);
    assert.equal(bad.ok, false);
    assert.equal(good.ok, true);
  });

  it("rejects when its table can't be loaded", async () => {
    const broken = new CompilerPool(new URL("./no-such-table.ts", import.meta.url).href);
    await assert.rejects(broken.compile({ texts: [] }), /no-such-table/);
    await broken.close();
  });
});
