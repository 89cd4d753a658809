import { isIP } from "node:net";
import type { CompileContext } from "../../config/compile-context.ts";
import type { Place } from "../../config/place.ts";
import { formatIpPort } from "../../net/address.ts";
import type { Address, SocketAddress } from "../../proto/gen/envoy/config/core/v3/address_pb.js";
import type { ListenerAddress } from "../listener-data.ts";

/** Linux keeps the path of a Unix-domain socket in 108 bytes, the last of them a zero. */
const MAX_PIPE_PATH_BYTES = 107;

/** The address as the configuration has it (`127.0.0.1:80` or a path), for naming a listener; empty if there is none. */
export function addressText(message: Address | undefined): string {
  const { address } = message ?? {};
  if (address?.case === "pipe") return address.value.path;
  if (address?.case !== "socketAddress") return "";
  return formatIpPort(address.value.address, portOf(address.value));
}

/** Compiles an address to listen on. Undefined after an error. */
export function compileListenerAddress(
  message: Address | undefined,
  place: Place,
  context: CompileContext,
): ListenerAddress | undefined {
  const { address } = message ?? {};
  if (address?.case === "pipe") {
    const { path, mode } = address.value;
    if (Buffer.byteLength(path) <= MAX_PIPE_PATH_BYTES)
      return { address: { type: "pipe", path, mode }, ipv6Only: false };
    const hint = `at most ${MAX_PIPE_PATH_BYTES} bytes`;
    context.error(place.field("pipe").field("path"), "the path is too long for a Unix-domain socket", hint);
    return undefined;
  }
  if (address?.case === "socketAddress") {
    return compileSocketAddress(address.value, place.field("socket_address"), context);
  }
  if (address === undefined || address.case === undefined) {
    context.error(place, "a listener needs an address", "socket_address: { address: 127.0.0.1, port_value: 8080 }");
  }
  return undefined;
}

function compileSocketAddress(
  message: SocketAddress,
  place: Place,
  context: CompileContext,
): ListenerAddress | undefined {
  const ip = message.address;
  const version = isIP(ip);
  if (version === 0) {
    context.error(place.field("address"), `${JSON.stringify(ip)} is not an IP address`, "0.0.0.0 or :: listens on all");
    return undefined;
  }
  return { address: { type: "ip", ip, port: portOf(message) }, ipv6Only: version === 6 && !message.ipv4Compat };
}

function portOf({ portSpecifier }: SocketAddress): number {
  return portSpecifier.case === "portValue" ? portSpecifier.value : 0;
}
