import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { HttpFilterModule, WorkerContext } from "../../../src/extensions/extension-module.ts";
import { createRouteTable } from "../../../src/extensions/worker-route-table.ts";
import { RouteTables } from "../../../src/route/route-tables.ts";
import { Runtime } from "../../../src/runtime/runtime.ts";
import { makeFormatEnvironment } from "../../harness/stream-fixtures.ts";
import { compileRoutes, forward, oneHost } from "../route/routes-from.ts";

/** A worker whose only filter, `held`, fails on the data `bad`, and lists what it holds. */
function workerHolding(held: unknown[]): WorkerContext {
  const module: HttpFilterModule = {
    createFactory: () => ({ create: () => {}, dispose: () => {} }),
    createRouteConfig: (data) => {
      if (data === "bad") throw new Error("no good");
      held.push(data);
      return data;
    },
    disposeRouteConfig: (config) => void held.splice(held.indexOf(config), 1),
  };
  const extensions = { httpFilters: new Map([["held", module]]) };
  return { extensions, format: makeFormatEnvironment(), runtime: new Runtime() } as unknown as WorkerContext;
}

/** A table with a route for each configuration of the filter. */
function tableOf(worker: WorkerContext, ...configs: readonly string[]) {
  const { data } = compileRoutes(oneHost(configs.map((_, i) => forward({ prefix: `/${i}` }, "app"))));
  const [host] = data.virtualHosts;
  const routes = host!.routes.map((route, i) => ({
    ...route,
    perFilter: [["held", { extension: "held", data: configs[i], disabled: false }]] as const,
  }));
  return createRouteTable({ ...data, virtualHosts: [{ ...host!, routes }] }, worker);
}

describe("A route table on a worker", () => {
  it("gives up what filters hold for its routes when another one takes its place", () => {
    const held: unknown[] = [];
    const worker = workerHolding(held);
    const tables = new RouteTables();
    tables.set("r", tableOf(worker, "a", "b"));
    assert.deepEqual(held, ["a", "b"]);
    tables.set("r", tableOf(worker, "c"));
    assert.deepEqual(held, ["c"]);
    tables.remove("r");
    assert.deepEqual(held, []);
  });

  it("gives up what it has when it can't be built", () => {
    const held: unknown[] = [];
    assert.throws(() => tableOf(workerHolding(held), "a", "bad"), /no good/);
    assert.deepEqual(held, []);
  });
});
