import { isIP } from "node:net";
import {
  type BindConfig,
  BindConfigSchema,
  ExtraSourceAddressSchema,
  type SocketAddress,
  SocketAddressSchema,
} from "../proto/gen/envoy/config/core/v3/address_pb.js";
import { type SocketOption, SocketOptionSchema } from "../proto/gen/envoy/config/core/v3/socket_option_pb.js";
import type { CompileContext } from "./compile-context.ts";
import { type MessageSupport, notYet, only, support, yes } from "./field-support.ts";
import type { Place } from "./place.ts";
import type { KeepaliveData, UpstreamBindData } from "./upstream-bind-data.ts";

const NOT_IN_NODE = notYet("Node.js can't set it");

/** Which fields of `upstream_bind_config` are implemented. */
export const UPSTREAM_BIND_SUPPORT: readonly MessageSupport[] = [
  support(BindConfigSchema, {
    source_address: yes,
    extra_source_addresses: yes,
    socket_options: yes,
    freebind: only([false], "Node.js can't bind to addresses that the system lacks"),
    additional_source_addresses: notYet("it is deprecated", "use extra_source_addresses"),
    local_address_selector: notYet("source addresses are chosen as Envoy's default selector does"),
  }),
  support(ExtraSourceAddressSchema, { address: yes, socket_options: NOT_IN_NODE }),
  support(SocketAddressSchema, { protocol: only(["TCP"]), address: yes, port_value: yes }),
  support(SocketOptionSchema, {
    description: yes,
    level: yes,
    name: yes,
    int_value: yes,
    buf_value: NOT_IN_NODE,
    state: yes,
  }),
];

/** Compiles a `BindConfig`. Errors go to `context`. */
export function compileUpstreamBind(
  message: BindConfig,
  place: Place,
  context: Pick<CompileContext, "error">,
): UpstreamBindData {
  const { sourceAddress, extraSourceAddresses } = message;
  const extras = place.field("extra_source_addresses");
  const given = [
    ...(sourceAddress === undefined ? [] : [{ address: sourceAddress, at: place.field("source_address") }]),
    ...extraSourceAddresses.map(({ address }, index) => ({ address, at: extras.index(index).field("address") })),
  ];
  if (sourceAddress === undefined && extraSourceAddresses.length > 0) {
    context.error(extras, "extra source addresses need a source_address before them");
  }
  const families = new Set<number>();
  const sources = given.flatMap(({ address, at }) => {
    const source = compileSource(address, at, context);
    if (source === null) return [];
    const family = isIP(source.ip);
    if (families.has(family)) {
      context.error(at, "there is one source address for IPv4 and one for IPv6", "an address of the other kind");
    }
    families.add(family);
    return source;
  });
  return { sources, keepalive: compileOptions(message.socketOptions, place.field("socket_options"), context) };
}

function compileSource(
  message: SocketAddress | undefined,
  place: Place,
  context: Pick<CompileContext, "error">,
): UpstreamBindData["sources"][number] | null {
  if (message === undefined) return null;
  const { address: ip, portSpecifier } = message;
  if (isIP(ip) === 0) {
    context.error(place.field("address"), `${JSON.stringify(ip)} is not an IP address`);
    return null;
  }
  return { ip, port: portSpecifier.case === "portValue" ? portSpecifier.value : 0 };
}

/** Linux's numbers of the options that Node.js can set, by level and name. */
const OPTIONS: Readonly<Record<string, "SO_KEEPALIVE" | "TCP_NODELAY" | "timeS" | "intervalS" | "probes">> = {
  "1 9": "SO_KEEPALIVE",
  "6 1": "TCP_NODELAY",
  "6 4": "timeS",
  "6 5": "intervalS",
  "6 6": "probes",
};

function compileOptions(
  options: readonly SocketOption[],
  place: Place,
  context: Pick<CompileContext, "error">,
): KeepaliveData | null {
  let isOn = false;
  const keepalive = { timeS: null, intervalS: null, probes: null } as Record<
    "timeS" | "intervalS" | "probes",
    number | null
  >;
  for (const [index, { level, name, value }] of options.entries()) {
    const option = OPTIONS[`${level} ${name}`];
    const number = value.case === "intValue" ? Number(value.value) : 0;
    if (option === undefined) {
      const hint = "TCP_NODELAY, SO_KEEPALIVE, TCP_KEEPIDLE, TCP_KEEPINTVL and TCP_KEEPCNT can be set";
      context.error(place.index(index), `Node.js can't set the socket option ${name} of level ${level}`, hint);
    } else if (option === "SO_KEEPALIVE") isOn = number !== 0;
    else if (option === "TCP_NODELAY") {
      if (number === 0) context.error(place.index(index), "connections to hosts always have TCP_NODELAY");
    } else keepalive[option] = number;
  }
  return isOn ? keepalive : null;
}
