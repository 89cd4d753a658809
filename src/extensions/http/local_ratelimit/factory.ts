import type { HttpFilterModule } from "../../extension-module.ts";
import { LocalRateLimitFilter } from "./filter.ts";
import type { LocalRateLimitData } from "./local-rate-limit-data.ts";
import { RateLimit } from "./rate-limit.ts";

/** `envoy.filters.http.local_ratelimit`, worker side. */
export const httpFilter: HttpFilterModule = {
  createFactory(data, { worker }) {
    const limit = new RateLimit(data as LocalRateLimitData, worker);
    return {
      create: (chain) => chain.addFilter(new LocalRateLimitFilter(limit, worker.random, worker.runtime)),
      dispose: () => limit.dispose(),
    };
  },
  createRouteConfig: (data, worker) => new RateLimit(data as LocalRateLimitData, worker),
  disposeRouteConfig: (config) => (config as RateLimit).dispose(),
};
