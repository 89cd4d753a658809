import type { ListenerFilterModule } from "../../extension-module.ts";
import { HttpInspectorFilter, MAX_PEEK_BYTES } from "./filter.ts";
import { httpInspectorStats } from "./stats.ts";

/** The worker-side half of `envoy.filters.listener.http_inspector`. */
export const listenerFilter: ListenerFilterModule = {
  createFactory(_data, worker) {
    const stats = httpInspectorStats(worker.stats);
    return {
      maxPeekBytes: MAX_PEEK_BYTES,
      createListenerFilter: () => new HttpInspectorFilter(stats),
      dispose: () => stats.scope.release(),
    };
  },
};
