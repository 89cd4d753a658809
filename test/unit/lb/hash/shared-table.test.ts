import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Uint64 } from "../../../../src/base/uint64.ts";
import { type BuiltTable, buildTable, shareTable, type TableBuilder } from "../../../../src/lb/hash/build-table.ts";
import type { HashPicker } from "../../../../src/lb/hash/hash-picker.ts";
import { MaglevTable } from "../../../../src/lb/hash/maglev-table.ts";
import { tableFactory } from "../../../../src/lb/hash/shared-table.ts";
import type { TablePolicy } from "../../../../src/lb/hash/table-policy.ts";
import type { TableRecipe } from "../../../../src/lb/hash/table-recipe.ts";
import type { LbHost } from "../../../../src/lb/lb-host.ts";
import { weightedHosts } from "../../../../src/lb/weighted-hosts.ts";
import { hostsOnPorts } from "./hash-fixture.ts";

const POLICY: TablePolicy = { type: "maglev", table: { tableSize: 65_537, useHostname: false } };
const GAUGE = { inc: () => {}, dec: () => {}, add: () => {}, sub: () => {}, set: () => {} };

/** Builds tables when the test says so. */
class SlowBuilder implements TableBuilder {
  readonly asked: { readonly recipe: TableRecipe; finish(): Promise<void>; fail(): Promise<void> }[] = [];

  build(recipe: TableRecipe): Promise<BuiltTable> {
    const { promise, resolve, reject } = Promise.withResolvers<BuiltTable>();
    const settled = (): Promise<void> =>
      promise.then(
        () => {},
        () => {},
      );
    this.asked.push({
      recipe,
      finish: () => {
        resolve(shareTable(buildTable(recipe)));
        return settled();
      },
      fail: () => {
        reject(new Error("no thread"));
        return settled();
      },
    });
    return promise;
  }
}

function tables(builder: TableBuilder | null, policy = POLICY) {
  let last: BuiltTable | undefined;
  const factory = tableFactory<LbHost>(
    policy,
    (hosts, table) => {
      last = table;
      assert.equal(table.type, "maglev");
      return new MaglevTable(hosts, table.entries as never, { minEntriesPerHost: GAUGE, maxEntriesPerHost: GAUGE });
    },
    builder,
  );
  return {
    make: (hosts: readonly LbHost[], before: HashPicker<LbHost> | null = null) =>
      factory(weightedHosts(hosts, null), before),
    /** Whether the table that was made last is in shared memory. */
    get shared(): boolean {
      return last!.entries.owners.buffer instanceof SharedArrayBuffer;
    },
  };
}

/** Where a thousand hashes go. */
function picks(table: HashPicker<LbHost>): string[] {
  const hash = new Uint64();
  return Array.from({ length: 1000 }, (_, at) => {
    const host = table.pick(hash.set(Math.imul(at, 0x9e3779b1), Math.imul(at, 0x85ebca6b)), 0);
    return host?.addressText ?? "none";
  });
}

describe("A hash table that is built elsewhere", () => {
  it("is small enough to be built at once, or is asked for", () => {
    const builder = new SlowBuilder();
    tables(builder, { type: "maglev", table: { tableSize: 1009, useHostname: false } }).make(hostsOnPorts([1, 2, 3]));
    assert.equal(builder.asked.length, 0);
    tables(builder).make([]);
    assert.equal(builder.asked.length, 0);
    tables(builder).make(hostsOnPorts([1, 2, 3]));
    assert.equal(builder.asked.length, 1);
  });

  it("is the worker's own until the first one is there, which picks alike and is in shared memory", async () => {
    const builder = new SlowBuilder();
    const made = tables(builder);
    const hosts = hostsOnPorts([1, 2, 3]);
    const table = made.make(hosts);
    const expected = picks(tables(null).make(hosts));
    assert.deepEqual(picks(table), expected);
    assert.equal(made.shared, false);
    await builder.asked[0]!.finish();
    assert.deepEqual(picks(table), expected);
    assert.equal(made.shared, true);
  });

  it("is the one before until it is there, without the hosts that are gone", async () => {
    const builder = new SlowBuilder();
    const { make } = tables(builder);
    const [a, b, c, d] = hostsOnPorts([1, 2, 3, 4]);
    const before = make([a!, b!, c!]);
    await builder.asked[0]!.finish();
    const old = picks(before);
    const table = make([a!, b!, d!], before);
    const meanwhile = picks(table);
    for (const [at, host] of old.entries()) {
      if (host !== c!.addressText) assert.equal(meanwhile[at], host);
      else assert.notEqual(meanwhile[at], host);
    }
    await builder.asked[1]!.finish();
    assert.deepEqual(picks(table), picks(tables(null).make([a!, b!, d!])));
  });

  it("falls back on any host if none of those before is there", async () => {
    const builder = new SlowBuilder();
    const { make } = tables(builder);
    const before = make(hostsOnPorts([1, 2]));
    await builder.asked[0]!.finish();
    const hosts = hostsOnPorts([3, 4]);
    assert.deepEqual([...new Set(picks(make(hosts, before)))].sort(), ["127.0.0.1:3", "127.0.0.1:4"]);
  });

  it("is asked for once if nothing changes that matters, and used as soon as it is there", async () => {
    const builder = new SlowBuilder();
    const { make } = tables(builder);
    const hosts = hostsOnPorts([1, 2, 3]);
    let table = make(hosts);
    // As others may have them: in another order, as other objects.
    for (let round = 0; round < 100; round++) table = make(hostsOnPorts([3, 2, 1]), table);
    assert.equal(builder.asked.length, 1);
    await builder.asked[0]!.finish();
    await Promise.resolve();
    assert.deepEqual(picks(table), picks(tables(null).make(hosts)));
  });

  it("is built where it is used if nobody else can", async () => {
    const builder = new SlowBuilder();
    const { make } = tables(builder);
    const [a, b, c] = hostsOnPorts([1, 2, 3]);
    const before = make([a!, b!]);
    const table = make([b!, c!], before);
    await builder.asked[1]!.fail();
    assert.deepEqual(picks(table), picks(tables(null).make([b!, c!])));
  });
});
