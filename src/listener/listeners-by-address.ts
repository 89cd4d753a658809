import { formatIpPort, type IpAddress } from "../net/address.ts";
import type { ListenerData } from "./listener-data.ts";

/**
 * The listeners of a worker by what they listen to, with or without sockets. Listeners at port 0 are not among them. Source: Envoy's
 * `ConnectionHandlerImpl::getBalancedHandlerByAddress`.
 */
export class ListenersByAddress<Listener extends { readonly data: ListenerData }> {
  readonly #listeners = new Map<string, Listener>();

  constructor(listeners: Iterable<Listener> = []) {
    for (const listener of listeners) {
      for (const { address, ipv6Only } of listener.data.addresses) {
        if (address.type !== "ip" || address.port === 0) continue;
        this.#listeners.set(formatIpPort(address.ip, address.port), listener);
        const both = address.ip === "::" && !ipv6Only;
        if (both) this.#listeners.set(formatIpPort("0.0.0.0", address.port), listener);
      }
    }
  }

  /** The listener at this very address, else that of all addresses with its port. */
  find({ ip, port }: IpAddress): Listener | undefined {
    const exact = this.#listeners.get(formatIpPort(ip, port));
    return exact ?? this.#listeners.get(formatIpPort(ip.includes(":") ? "::" : "0.0.0.0", port));
  }
}
