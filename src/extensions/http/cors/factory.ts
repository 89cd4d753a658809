import type { HttpFilterModule } from "../../extension-module.ts";
import { type CorsPolicyData, createCorsPolicy } from "./cors-policy.ts";
import { CorsFilter, type CorsRuntime } from "./filter.ts";
import { corsStats } from "./stats.ts";

/** `envoy.filters.http.cors`, worker side. */
export const httpFilter: HttpFilterModule = {
  createFactory(_data, { scope, worker }) {
    const runtime: CorsRuntime = { stats: corsStats(scope), random: worker.random, values: worker.runtime };
    return { create: (chain) => chain.addFilter(new CorsFilter(runtime)), dispose: () => {} };
  },
  createRouteConfig: (data) => createCorsPolicy(data as CorsPolicyData),
};
