import type { NetworkFilterModule } from "../../extension-module.ts";
import { LocalRateLimitFilter } from "./filter.ts";
import type { LocalRateLimitData } from "./local-rate-limit-data.ts";

/** `envoy.filters.network.local_ratelimit`, worker side. */
export const networkFilter: NetworkFilterModule = {
  createFactory(config, _context, worker) {
    const { statPrefix, settings, enabled, bucket } = config as LocalRateLimitData;
    const scope = worker.stats.scope(`local_rate_limit.${statPrefix}`);
    const rateLimited = scope.counter("rate_limited");
    const tokens = worker.limits.tokenBucket(bucket, settings);
    return {
      name: "envoy.filters.network.local_ratelimit",
      createReadFilter: () => new LocalRateLimitFilter(worker.runtime.flag(enabled) ? tokens : null, rateLimited),
      dispose: () => scope.release(),
    };
  },
};
