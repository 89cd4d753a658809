import type { NetworkFilterModule } from "../../extension-module.ts";
import type { ConnectionLimitData } from "./connection-limit-data.ts";
import { ConnectionLimitFilter, type ConnectionLimitRuntime } from "./filter.ts";

/** `envoy.filters.network.connection_limit`, worker side. */
export const networkFilter: NetworkFilterModule = {
  createFactory(config, _context, worker) {
    const data = config as ConnectionLimitData;
    const scope = worker.stats.scope(`connection_limit.${data.statPrefix}`);
    const runtime: ConnectionLimitRuntime = {
      data,
      values: worker.runtime,
      open: worker.limits.count(data.count, data.maxConnections),
      timers: worker.timers,
      limitedConnections: scope.counter("limited_connections"),
      activeConnections: scope.gauge("active_connections"),
    };
    return {
      name: "envoy.filters.network.connection_limit",
      createReadFilter: () => new ConnectionLimitFilter(runtime),
      dispose: () => scope.release(),
    };
  },
};
