import { isIP } from "node:net";
import type { CompileContext } from "../../config/compile-context.ts";
import { only, support, within, yes } from "../../config/field-support.ts";
import type { Place } from "../../config/place.ts";
import { type Address, AddressSchema, SocketAddressSchema } from "../../proto/gen/envoy/config/core/v3/address_pb.js";
import type { StatsdDialect } from "../../stats/render/statsd-lines.ts";

/** A statsd sink of any dialect. Plain data. */
export interface StatsdSinkData {
  readonly dialect: StatsdDialect;
  /** Default `envoy`. */
  readonly prefix: string;
  readonly destination:
    | { readonly type: "udp"; readonly ip: string; readonly port: number }
    /** By TCP to a host of this cluster. */
    | { readonly type: "cluster"; readonly name: string };
  /** Lines are gathered into datagrams of at most so many bytes; 0 = one line each. */
  readonly maxDatagramBytes: number;
}

/** The fields that the messages of all dialects have. */
interface StatsdMessage {
  readonly prefix: string;
  readonly maxBytesPerDatagram?: bigint | undefined;
}

/** An address to which datagrams are sent. */
export const DATAGRAM_ADDRESS = within(
  support(AddressSchema, { socket_address: yes }),
  support(SocketAddressSchema, { protocol: only(["TCP", "UDP"]), address: yes, port_value: yes }),
);

/** The sink to which a message leads. Errors go to `context`. */
export function compileStatsdSink(
  dialect: StatsdDialect,
  message: StatsdMessage,
  specifier: Address | string | undefined,
  place: Place,
  context: CompileContext,
): StatsdSinkData {
  const maxDatagramBytes = Number(message.maxBytesPerDatagram ?? 0n);
  const common = { dialect, prefix: message.prefix === "" ? "envoy" : message.prefix, maxDatagramBytes };
  if (typeof specifier === "string") return { ...common, destination: { type: "cluster", name: specifier } };
  const address = specifier?.address;
  const at = place.field("address");
  if (address?.case !== "socketAddress" || isIP(address.value.address) === 0) {
    context.error(at, "an IP address is required", "socket_address: { address: 127.0.0.1, port_value: 8125 }");
    return { ...common, destination: { type: "udp", ip: "", port: 0 } };
  }
  const { portSpecifier } = address.value;
  const port = portSpecifier.case === "portValue" ? portSpecifier.value : 0;
  if (port === 0) context.error(at.field("socket_address").field("port_value"), "a sink can't have port 0");
  return { ...common, destination: { type: "udp", ip: address.value.address, port } };
}
