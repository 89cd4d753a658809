import type { UdpListenerFilterModule } from "../../extension-module.ts";
import { UdpProxyFilter } from "./filter.ts";
import type { UdpProxyData } from "./udp-proxy-data.ts";

/** `envoy.filters.udp_listener.udp_proxy`, worker side. */
export const udpListenerFilter: UdpListenerFilterModule = {
  createFilter: (data, worker) => new UdpProxyFilter(data as UdpProxyData, worker),
};
