import type { TransportSocketModule } from "../../extension-module.ts";
import { DownstreamTlsFactory } from "./downstream-factory.ts";
import type { TlsReference } from "./tls-context-data.ts";
import { TlsStats } from "./tls-stats.ts";
import { UpstreamTlsFactory } from "./upstream-factory.ts";

/** TLS with clients and upstream hosts, worker side. */
export const transportSocket: TransportSocketModule = {
  createDownstreamFactory(data, listenerScope, worker) {
    return new DownstreamTlsFactory({
      slot: worker.tlsContexts.slot((data as TlsReference).context),
      stats: new TlsStats(listenerScope),
      clock: worker.clock,
      log: worker.log,
    });
  },
  createUpstreamFactory(data, clusterScope, thread) {
    const slot = thread.tlsContexts.slot((data as TlsReference).context);
    return new UpstreamTlsFactory(slot, new TlsStats(clusterScope), thread.log);
  },
};
