import type { ListenerData } from "../listener/listener-data.ts";
import { ipOfAddress } from "../net/address.ts";
import type { ExplainRequest } from "./explanation.ts";

/** The listener filter that reads what a TLS client says first. */
const TLS_INSPECTOR = "envoy.filters.listener.tls_inspector";
const TLS_SOCKET = "envoy.transport_sockets.tls";

/** A listener with the addresses that it is bound to; as configured if it is not in force. */
export interface ExplainedListener {
  readonly data: ListenerData;
  readonly addresses: readonly string[];
}

/**
 * The listener that gets the request: the one that is named or has the address; of several the one at the port that the URL names, or
 * means by its scheme, or else the only one that speaks TLS, or plain text, as the request does. Throws if that leaves none or several, which it names.
 */
export function explainedListener(request: ExplainRequest, all: readonly ExplainedListener[]): ExplainedListener {
  const { listener, address, port, tls } = request;
  const names = all.map(({ data }) => data.name).join(", ");
  if (listener !== "") {
    const named = all.find(({ data }) => data.name === listener);
    if (named !== undefined) return named;
    throw new Error(`there is no listener "${listener}"; there are: ${names || "none"}`);
  }
  if (address !== "") {
    const bound = all.find(({ addresses }) => addresses.some((each) => takes(each, address)));
    if (bound !== undefined) return bound;
    throw new Error(`there is no listener with the address ${address}; there are: ${textOf(all) || "none"}`);
  }
  // A request is for a listener of TCP, if it can be.
  const tcp = narrowed(all, ({ data }) => data.udp === null);
  const atPort = narrowed(tcp, ({ addresses }) => addresses.some((each) => portOf(each) === port));
  const speaking = narrowed(atPort, ({ data }) => (tls ? takesTls(data) : takesPlainText(data)));
  const [only, second] = speaking;
  if (only === undefined) throw new Error("there is no listener");
  if (second === undefined) return only;
  throw new Error(
    `there are several listeners that could get it: ${textOf(speaking)}; say which with --listener NAME ("listener" in the body of /explain), or by its port in the URL`,
  );
}

/** Whether it looks at the server name and ALPN of TLS clients before it chooses a filter chain. */
export function inspectsTls({ listenerFilters }: ListenerData): boolean {
  return listenerFilters.some(({ filter }) => filter.extension === TLS_INSPECTOR);
}

/** The port of `ip:port`; 0 if there is none. */
export function portOf(address: string): number {
  const port = Number(address.slice(address.lastIndexOf(":") + 1));
  return Number.isInteger(port) ? port : 0;
}

/** Those that fit, or all if none does: a port may be another one outside. */
function narrowed(
  listeners: readonly ExplainedListener[],
  fits: (listener: ExplainedListener) => boolean,
): readonly ExplainedListener[] {
  const fitting = listeners.filter(fits);
  return fitting.length === 0 ? listeners : fitting;
}

function textOf(listeners: readonly ExplainedListener[]): string {
  return listeners.map(({ data, addresses }) => `${data.name} (${addresses.join(", ")})`).join(", ");
}

/** Ends TLS, or passes it on by what the client says. */
function takesTls(data: ListenerData): boolean {
  return inspectsTls(data) || transportSockets(data).includes(TLS_SOCKET);
}

function takesPlainText(data: ListenerData): boolean {
  return transportSockets(data).some((extension) => extension !== TLS_SOCKET);
}

function transportSockets({ chains, defaultChain }: ListenerData): string[] {
  const all = defaultChain === null ? chains : [...chains, defaultChain];
  return all.map(({ transportSocket }) => transportSocket?.extension ?? "");
}

/** Whether a socket bound to `bound` gets connections to `address`. */
function takes(bound: string, address: string): boolean {
  if (bound === address) return true;
  const ip = ipOfAddress(bound);
  return (ip === "0.0.0.0" || ip === "::") && portOf(bound) === portOf(address);
}
