import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HashTables } from "../../../../actors/supervisor/hash-tables.ts";
import { buildTable } from "../../../../src/lb/hash/build-table.ts";
import { packRecipe } from "../../../../src/lb/hash/packed-recipe.ts";
import type { TablePolicy } from "../../../../src/lb/hash/table-policy.ts";
import { orderTable } from "../../../../src/lb/hash/table-recipe.ts";
import { weightedHosts } from "../../../../src/lb/weighted-hosts.ts";
import { hostsOnPorts, policyOf } from "../../lb/hash/hash-fixture.ts";

function recipe(policy: TablePolicy, ports: readonly number[]) {
  const hosts = hostsOnPorts(ports, (at) => ({ weight: 1 + (ports[at]! % 3) }));
  return orderTable(weightedHosts(hosts, null), policy).recipe;
}

describe("HashTables", () => {
  for (const policy of [policyOf({ maglev: {} }), policyOf({ ring: { minRingSize: 20_000 } })]) {
    it(`builds a table of ${policy.type} on another thread, in memory that threads share`, async (t) => {
      const tables = new HashTables();
      t.after(() => tables.close());
      const wanted = recipe(policy, [1, 2, 3, 4, 5]);
      const table = await tables.build(packRecipe(wanted));
      assert.deepEqual(table, buildTable(wanted));
      assert.ok(table.entries.owners.buffer instanceof SharedArrayBuffer);
    });
  }

  it("builds a table once, in whatever order its hosts come", async (t) => {
    const tables = new HashTables();
    t.after(() => tables.close());
    const policy = policyOf({ maglev: {} });
    const [one, same, other] = await Promise.all(
      [
        [1, 2, 3],
        [3, 1, 2],
        [1, 2],
      ].map((ports) => tables.build(packRecipe(recipe(policy, ports)))),
    );
    assert.equal(one!.entries.owners.buffer, same!.entries.owners.buffer);
    assert.notEqual(one!.entries.owners.buffer, other!.entries.owners.buffer);
    assert.deepEqual(tables.inspect(), { kept: 2, keptBytes: 2 * 4 * 65_537, built: 2 });
  });

  it("keeps the latest tables up to a limit of memory", async (t) => {
    const tables = new HashTables();
    t.after(() => tables.close());
    const policy = policyOf({ maglev: { tableSize: 5_000_011 } });
    for (const port of [1, 2, 3, 4]) await tables.build(packRecipe(recipe(policy, [port])));
    assert.deepEqual(tables.inspect(), { kept: 3, keptBytes: 3 * 4 * 5_000_011, built: 4 });
  });

  it("refuses when it is closed, and after a refusal asks anew", async () => {
    const tables = new HashTables();
    await tables.close();
    const wanted = packRecipe(recipe(policyOf({ maglev: {} }), [1]));
    await assert.rejects(tables.build(wanted), /no hash tables are built any more/);
    await assert.rejects(tables.build(wanted), /no hash tables are built any more/);
    assert.deepEqual(tables.inspect(), { kept: 0, keptBytes: 0, built: 0 });
  });
});
