import type { ListenerFilterModule } from "../../extension-module.ts";
import { ListenerRateLimitFilter } from "./filter.ts";
import type { ListenerRateLimitData } from "./local-rate-limit-data.ts";

/** The worker-side half of `envoy.filters.listener.local_ratelimit`. */
export const listenerFilter: ListenerFilterModule = {
  createFactory(config, worker) {
    const { statPrefix, settings, enabled, bucket } = config as ListenerRateLimitData;
    const scope = worker.stats.scope(`listener_local_ratelimit.${statPrefix}`);
    const rateLimited = scope.counter("rate_limited");
    const tokens = worker.limits.tokenBucket(bucket, settings);
    return {
      maxPeekBytes: 0,
      createListenerFilter: () =>
        new ListenerRateLimitFilter(worker.runtime.flag(enabled) ? tokens : null, rateLimited),
      dispose: () => scope.release(),
    };
  },
};
