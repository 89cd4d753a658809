import type { HttpFilterModule } from "../../extension-module.ts";
import { RbacFilter, type RbacFilterRuntime } from "./filter.ts";
import { createRbacEngines, type RbacFilterData } from "./rbac-filter-data.ts";
import { httpRbacStats } from "./stats.ts";

/** `envoy.filters.http.rbac`, worker side. */
export const httpFilter: HttpFilterModule = {
  createFactory(config, { scope }) {
    const data = config as RbacFilterData;
    const runtime: RbacFilterRuntime = {
      engines: createRbacEngines(data),
      stats: httpRbacStats(scope, data.rulesStatPrefix, data.shadowRulesStatPrefix),
    };
    return { create: (chain) => chain.addDecoderFilter(new RbacFilter(runtime)), dispose: () => {} };
  },
  createRouteConfig: (data) => createRbacEngines(data as RbacFilterData),
};
