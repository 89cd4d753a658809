import type { CompiledRouteExtension } from "../config/compile-context.ts";
import { RouteTable } from "../route/route-table.ts";
import type { RouteTableData } from "../route/route-table-data.ts";
import { extensionModule, type HttpFilterModule, type WorkerContext } from "./extension-module.ts";

/**
 * Builds a route table on a worker, with the objects that filters make of what its routes say to them; they are given up with the table.
 * Throws what a module throws.
 */
export function createRouteTable(data: RouteTableData, worker: WorkerContext): RouteTable {
  const configs = new FilterConfigs(worker);
  const dispose = (): void => configs.dispose();
  try {
    return new RouteTable(data, (_filter, config) => configs.make(config), worker.format, worker.runtime, dispose);
  } catch (error) {
    dispose();
    throw error;
  }
}

/** The filters' objects of one table. */
class FilterConfigs {
  readonly #worker: WorkerContext;
  readonly #held: (readonly [HttpFilterModule, unknown])[] = [];

  constructor(worker: WorkerContext) {
    this.#worker = worker;
  }

  make({ extension, data }: CompiledRouteExtension): unknown {
    const module = extensionModule(this.#worker.extensions.httpFilters, extension);
    if (module.createRouteConfig === undefined) return data;
    const config = module.createRouteConfig(data, this.#worker);
    if (module.disposeRouteConfig !== undefined) this.#held.push([module, config]);
    return config;
  }

  dispose(): void {
    for (const [module, config] of this.#held.splice(0)) module.disposeRouteConfig?.(config);
  }
}
