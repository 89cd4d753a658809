import type { CompileContext } from "../../config/compile-context.ts";
import type { Place } from "../../config/place.ts";
import { SocketAddress_Protocol } from "../../proto/gen/envoy/config/core/v3/address_pb.js";
import type { Listener } from "../../proto/gen/envoy/config/listener/v3/listener_pb.js";
import type { UdpListenerData } from "../udp/udp-listener-data.ts";

const DEFAULT_MAX_DATAGRAM_BYTES = 1500;

/** Whether the listener's address is of UDP. */
export function isUdp({ address }: Listener): boolean {
  return isUdpAddress(address);
}

/** Compiles what is special of a UDP listener: its one filter takes all datagrams. Null after an error. */
export function compileUdpListener(message: Listener, place: Place, context: CompileContext): UdpListenerData | null {
  for (const [index, { address }] of message.additionalAddresses.entries()) {
    const at = place.field("additional_addresses").index(index).field("address");
    if (!isUdpAddress(address)) context.error(at, "all addresses of a listener must be of one protocol", "UDP");
  }
  if (message.filterChains.length > 0 || message.defaultFilterChain !== undefined) {
    const at = place.field(message.filterChains.length > 0 ? "filter_chains" : "default_filter_chain");
    context.error(
      at,
      "a UDP listener has no filter chains",
      "envoy.filters.udp_listener.udp_proxy in listener_filters",
    );
  }
  if (message.useOriginalDst === true) context.error(place.field("use_original_dst"), "is for TCP listeners");
  if (message.accessLog.length > 0) context.unsupported(place.field("access_log"), "a UDP listener has no access log");
  if (message.socketOptions.length > 0) {
    context.unsupported(place.field("socket_options"), "Node.js can't set them on UDP sockets");
  }
  const at = place.field("listener_filters");
  const [first, ...more] = message.listenerFilters;
  if (first === undefined || more.length > 0) {
    context.error(at, "a UDP listener needs one filter", "envoy.filters.udp_listener.udp_proxy");
    return null;
  }
  const { name, configType } = first;
  const typedConfig = configType.case === "typedConfig" ? configType.value : undefined;
  const filter = context.extension("envoy.filters.udp_listener", { name, typedConfig }, at.index(0));
  if (filter === undefined) return null;
  const size = message.udpListenerConfig?.downstreamSocketConfig?.maxRxDatagramSize;
  return { filter, maxDatagramBytes: Number(size ?? DEFAULT_MAX_DATAGRAM_BYTES) };
}

/** Says what a TCP listener can't have. */
export function refuseUdpSettings(message: Listener, place: Place, context: CompileContext): void {
  for (const [index, { address }] of message.additionalAddresses.entries()) {
    const at = place.field("additional_addresses").index(index).field("address");
    if (isUdpAddress(address)) context.error(at, "all addresses of a listener must be of one protocol", "TCP");
  }
  if (message.udpListenerConfig !== undefined) {
    context.error(
      place.field("udp_listener_config"),
      "the listener is not one for UDP",
      "protocol: UDP in its address",
    );
  }
}

function isUdpAddress(message: Listener["address"]): boolean {
  const { address } = message ?? {};
  return address?.case === "socketAddress" && address.value.protocol === SocketAddress_Protocol.UDP;
}
