import { extensionModule, type TransportSocketModule } from "../../extension-module.ts";
import type { UpstreamProxyProtocolData } from "./config.ts";
import { UpstreamProxyProtocolFactory } from "./upstream-factory.ts";

/** `envoy.transport_sockets.upstream_proxy_protocol`, worker side. */
export const transportSocket: TransportSocketModule = {
  createDownstreamFactory() {
    throw new Error("this transport socket is for upstream hosts");
  },
  createUpstreamFactory(data, clusterScope, thread) {
    const { version, passThroughTlvs, inner } = data as UpstreamProxyProtocolData;
    const modules = thread.extensions.transportSockets;
    const factory =
      inner === null
        ? null
        : extensionModule(modules, inner.extension).createUpstreamFactory(inner.data, clusterScope, thread);
    return new UpstreamProxyProtocolFactory(version, passThroughTlvs, factory);
  },
};
