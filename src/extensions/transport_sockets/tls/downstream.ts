import type { TransportSocketModule } from "../../extension-module.ts";
import { DownstreamTlsFactory } from "./downstream-factory.ts";
import type { TlsReference } from "./tls-context-data.ts";
import { TlsStats } from "./tls-stats.ts";

/** TLS with clients, worker side. */
export const transportSocket: TransportSocketModule = {
  createDownstreamFactory(data, listenerScope, worker) {
    return new DownstreamTlsFactory({
      slot: worker.tlsContexts.slot((data as TlsReference).context),
      stats: new TlsStats(listenerScope),
      clock: worker.clock,
      log: worker.log,
    });
  },
};
