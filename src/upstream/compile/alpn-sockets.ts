import type { CompileContext, CompiledExtension } from "../../config/compile-context.ts";
import type { Place } from "../../config/place.ts";
import type { TransportSocketsData } from "../transport-sockets-data.ts";

const TLS = "envoy.transport_sockets.tls";
const PROXY_PROTOCOL = "envoy.transport_sockets.upstream_proxy_protocol";

/** For `auto_config`: an error at each transport socket of a cluster, that of its matches too, by which nothing can be agreed upon. As in Envoy. */
export function refuseSocketsWithoutAlpn(sockets: TransportSocketsData, place: Place, context: CompileContext): void {
  const refuse = (at: Place): void =>
    context.error(at, "auto_config requires an ALPN-capable transport socket", `use ${TLS}`);
  if (!hasAlpn(sockets.transportSocket)) refuse(place.field("transport_socket"));
  const matches = place.field("transport_socket_matches");
  for (const [index, { transportSocket }] of sockets.transportSocketMatches.entries()) {
    if (!hasAlpn(transportSocket)) refuse(matches.index(index).field("transport_socket"));
  }
}

function hasAlpn(socket: CompiledExtension | null): boolean {
  if (socket?.extension !== PROXY_PROTOCOL) return socket?.extension === TLS;
  return hasAlpn((socket.data as { readonly inner: CompiledExtension | null }).inner);
}
