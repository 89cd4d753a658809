import { HeaderMutations } from "../../../route/header-mutations.ts";
import { RateLimitPolicy } from "../../../route/rate-limit-policy.ts";
import type { HttpFilterModule } from "../../extension-module.ts";
import { RateLimitFilter, type RateLimitRuntime } from "./filter.ts";
import { RateLimitClient } from "./rate-limit-client.ts";
import type { RateLimitFilterData } from "./rate-limit-filter-data.ts";
import { rateLimitCounters } from "./stats.ts";

/** `envoy.filters.http.ratelimit`, worker side. */
export const httpFilter: HttpFilterModule = {
  createFactory(config, { worker }) {
    const data = config as RateLimitFilterData;
    const runtime: RateLimitRuntime = {
      data,
      client: new RateLimitClient(worker.asyncClient, data.service),
      choice: { stage: data.stage, ofVirtualHost: "override", own: RateLimitPolicy.of(data.rateLimits) },
      responseHeaders: new HeaderMutations(data.responseHeaders, worker.format),
      stats: rateLimitCounters(data.statPrefix),
      clusters: worker.clusters,
      random: worker.random,
      values: worker.runtime,
    };
    return { create: (chain) => chain.addFilter(new RateLimitFilter(runtime)), dispose: () => {} };
  },
};
