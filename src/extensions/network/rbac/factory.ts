import type { NetworkFilterModule } from "../../extension-module.ts";
import { createRbacEngine } from "../../rbac/rbac-engine.ts";
import { rbacStats } from "../../rbac/stats.ts";
import { RbacFilter, type RbacFilterRuntime } from "./filter.ts";
import type { RbacFilterData } from "./rbac-filter-data.ts";

/** `envoy.filters.network.rbac`, worker side. */
export const networkFilter: NetworkFilterModule = {
  createFactory(config, _context, worker) {
    const data = config as RbacFilterData;
    const scope = worker.stats.scope(data.statPrefix);
    const runtime: RbacFilterRuntime = {
      data,
      engine: data.rules === null ? null : createRbacEngine(data.rules),
      shadowEngine: data.shadowRules === null ? null : createRbacEngine(data.shadowRules),
      stats: rbacStats(scope, "", data.shadowRulesStatPrefix),
    };
    return {
      name: "envoy.filters.network.rbac",
      createReadFilter: () => new RbacFilter(runtime),
      dispose: () => scope.release(),
    };
  },
};
