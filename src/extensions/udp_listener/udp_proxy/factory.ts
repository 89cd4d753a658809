import { createAccessLogs } from "../../../access-log/filtered-log.ts";
import { extensionModule, type UdpListenerFilterModule } from "../../extension-module.ts";
import { explainUdp } from "./explain.ts";
import { UdpProxyFilter } from "./filter.ts";
import type { UdpProxyData } from "./udp-proxy-data.ts";
import { UdpSessionLog } from "./udp-session-log.ts";

/** `envoy.filters.udp_listener.udp_proxy`, worker side. */
export const udpListenerFilter: UdpListenerFilterModule = {
  createFilter(config, worker, nextSessionId) {
    const data = config as UdpProxyData;
    const logs = createAccessLogs(
      data.accessLogs,
      (log) => extensionModule(worker.extensions.accessLoggers, log.extension).createLogger(log.data, worker),
      worker,
    );
    return new UdpProxyFilter(data, worker, new UdpSessionLog(logs, worker.clock), nextSessionId);
  },
  explain: (data, sources) => explainUdp(data as UdpProxyData, sources),
};
