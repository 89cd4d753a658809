import type { ListenerFilterModule } from "../../extension-module.ts";
import { MAX_PEEK_BYTES, TlsInspectorFilter } from "./filter.ts";
import { tlsInspectorStats } from "./stats.ts";

/** The worker-side half of `envoy.filters.listener.tls_inspector`. */
export const listenerFilter: ListenerFilterModule = {
  createFactory(data, worker) {
    const fingerprints = (data as { readonly fingerprints: boolean } | null)?.fingerprints ?? false;
    const stats = tlsInspectorStats(worker.stats);
    return {
      maxPeekBytes: MAX_PEEK_BYTES,
      createListenerFilter: () => new TlsInspectorFilter(stats, fingerprints),
      dispose: () => stats.scope.release(),
    };
  },
};
