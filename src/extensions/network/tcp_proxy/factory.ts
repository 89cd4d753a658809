import { createAccessLogs } from "../../../access-log/filtered-log.ts";
import type { NetworkFilterFactory } from "../../../net/network-filter.ts";
import { extensionModule, type NetworkFilterModule, type WorkerContext } from "../../extension-module.ts";
import { explainTcp } from "./explain.ts";
import { TcpProxy } from "./filter.ts";
import { TcpProxyStats } from "./stats.ts";
import type { TcpProxyData } from "./tcp-proxy-data.ts";
import type { TcpProxyRuntime } from "./tcp-proxy-runtime.ts";
import { TunnelRequest } from "./tunnel-request.ts";

/** `envoy.filters.network.tcp_proxy`, worker side. */
export const networkFilter: NetworkFilterModule = {
  createFactory: (data, _context, worker) => createTcpProxyFactory(data as TcpProxyData, worker),
  explain: (data, _question, sources) => explainTcp(data as TcpProxyData, sources),
};

function createTcpProxyFactory(data: TcpProxyData, worker: WorkerContext): NetworkFilterFactory {
  const accessLogs = createAccessLogs(
    data.accessLogs,
    (log) => extensionModule(worker.extensions.accessLoggers, log.extension).createLogger(log.data, worker),
    worker,
  );
  const scope = worker.stats.scope(`tcp.${data.statPrefix}`);
  const { clusters, clock, timers, random } = worker;
  const tunnel = data.tunnel === null ? null : new TunnelRequest(data.tunnel, worker.format);
  const runtime: TcpProxyRuntime = {
    data,
    tunnel,
    stats: new TcpProxyStats(scope),
    accessLogs,
    failures: worker.failures ?? null,
    clusters,
    clock,
    timers,
    random,
  };
  return {
    name: "envoy.filters.network.tcp_proxy",
    createReadFilter: () => new TcpProxy(runtime),
    dispose() {
      for (const log of accessLogs) log.release();
      scope.release();
    },
  };
}
