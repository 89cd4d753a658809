import { type Address, formatAddress } from "../net/address.ts";
import { type ListenerData, socketAddresses, socketKey } from "./listener-data.ts";

/** One address to listen on, as the main thread needs it to bind sockets. */
export interface ListeningSocketSpec {
  /** Equal keys are the same listening socket. See `socketKey`. */
  readonly key: string;
  /** Name of the listener it belongs to. */
  readonly listener: string;
  readonly protocol: "tcp" | "udp";
  readonly address: Address;
  readonly ipv6Only: boolean;
  readonly backlog: number;
  readonly balance: "reusePort" | "exact";
  readonly reusePort: boolean;
  /** Whether its traffic direction is INBOUND. */
  readonly inbound: boolean;
}

/** What a listener listens on. */
export function listeningSocketSpecs(listener: ListenerData): ListeningSocketSpec[] {
  return socketAddresses(listener).map((each) => ({
    key: socketKey(listener, each),
    listener: listener.name,
    protocol: listener.udp === null ? "tcp" : "udp",
    address: each.address,
    ipv6Only: each.ipv6Only,
    backlog: listener.backlog,
    balance: listener.balance,
    reusePort: listener.reusePort,
    inbound: listener.trafficDirection === "inbound",
  }));
}

/** Says which listeners want the address of another one. Each compiles alone, so only who sees them all can tell. */
export function duplicateAddresses(listeners: Iterable<ListenerData>): { listener: string; message: string }[] {
  const owners = new Map<string, string>();
  const found: { listener: string; message: string }[] = [];
  for (const { name, addresses, udp } of listeners) {
    for (const { address } of addresses) {
      if (address.type === "ip" && address.port === 0) continue;
      const text = formatAddress(address);
      const key = `${udp === null ? "" : "udp "}${text}`;
      const owner = owners.get(key);
      if (owner === undefined) owners.set(key, name);
      else found.push({ listener: name, message: `the address ${text} is that of listener "${owner}"` });
    }
  }
  return found;
}
