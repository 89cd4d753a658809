import { MAX_HEADER_BYTES } from "../../../net/proxy-protocol/proxy-protocol-decoder.ts";
import type { ListenerFilterModule } from "../../extension-module.ts";
import { ProxyProtocolFilter } from "./filter.ts";
import type { ProxyProtocolFilterData } from "./proxy-protocol-filter-data.ts";
import { proxyProtocolStats } from "./stats.ts";

/** The worker-side half of `envoy.filters.listener.proxy_protocol`. */
export const listenerFilter: ListenerFilterModule = {
  createFactory(config, worker) {
    const data = config as ProxyProtocolFilterData;
    const stats = proxyProtocolStats(worker.stats, data.statPrefix);
    return {
      maxPeekBytes: MAX_HEADER_BYTES,
      createListenerFilter: () => new ProxyProtocolFilter(data, stats),
      dispose: () => stats.scope.release(),
    };
  },
};
