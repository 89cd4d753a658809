import type { ListenerFilterModule } from "../../extension-module.ts";
import { MAX_PEEK_BYTES, TlsInspectorFilter } from "./filter.ts";
import { tlsInspectorStats } from "./stats.ts";

/** The worker-side half of `envoy.filters.listener.tls_inspector`. */
export const listenerFilter: ListenerFilterModule = {
  createFactory(_data, worker) {
    const stats = tlsInspectorStats(worker.stats);
    return {
      maxPeekBytes: MAX_PEEK_BYTES,
      createListenerFilter: () => new TlsInspectorFilter(stats),
      dispose: () => stats.scope.release(),
    };
  },
};
