import type { AccessLogData } from "../access-log/access-log-data.ts";
import type { CompiledExtension } from "../config/compile-context.ts";
import type { Address } from "../net/address.ts";
import { formatAddress } from "../net/address.ts";
import type { FilterChainMatchData } from "./filter-chain/filter-chain-match.ts";
import type { ListenerFilterPredicate } from "./listener-filter-predicate.ts";
import type { SocketOptionsData } from "./socket-options.ts";
import type { UdpListenerData } from "./udp/udp-listener-data.ts";

/** One address of a listener. */
export interface ListenerAddress {
  readonly address: Address;
  /** For an IPv6 address: whether IPv4 peers stay out (`ipv4_compat` is false). */
  readonly ipv6Only: boolean;
  /** Set on each accepted connection; absent: nothing. */
  readonly socketOptions?: SocketOptionsData;
}

/** One filter chain: what a connection goes through. */
export interface FilterChainData {
  readonly name: string;
  /** Which connections it takes; null is all that no other chain takes. */
  readonly match: FilterChainMatchData | null;
  /** Network filters in order; the last one is terminal. */
  readonly filters: readonly CompiledExtension[];
  /** Null is a plain socket. */
  readonly transportSocket: CompiledExtension | null;
  /** How long its handshake may take (`transport_socket_connect_timeout`); 0 is for ever. */
  readonly transportSocketConnectTimeoutMs: number;
}

/** A listener filter, and the connections that it leaves alone; null: none. */
export interface ListenerFilterData {
  readonly filter: CompiledExtension;
  readonly disabled: ListenerFilterPredicate | null;
}

/** `unspecified` is neither: it is drained with the others, but not by `/drain_listeners?inboundonly`. */
export type TrafficDirection = "unspecified" | "inbound" | "outbound";

/**
 * A compiled `envoy.config.listener.v3.Listener`: plain, immutable data that goes to every worker, and from which the main
 * thread binds sockets.
 */
export interface ListenerData {
  readonly name: string;
  /** What stands behind `listener.` in its stats: `stat_prefix`, or else the first address as configured. */
  readonly statPrefix: string;
  /** At least one. */
  readonly addresses: readonly ListenerAddress[];
  /** Whether there are sockets at its addresses (`bind_to_port`). Without, it gets connections from listeners with `useOriginalDst` alone. */
  readonly bindToPort: boolean;
  /** Whether a connection whose destination a listener filter has restored goes to the listener of that address, if there is one. */
  readonly useOriginalDst: boolean;
  /** Length of the queue of connections not yet accepted; the kernel caps it at `net.core.somaxconn`. */
  readonly backlog: number;
  /**
   * Whether sockets may be bound with SO_REUSEPORT (`enable_reuse_port`). Differs from Envoy: without it the main thread accepts for
   * all workers, because threads can't share one listening socket.
   */
  readonly reusePort: boolean;
  /** `reusePort`: each worker has sockets of its own. `exact`: the main thread accepts and hands out connections evenly. */
  readonly balance: "reusePort" | "exact";
  /** Write high watermark of each connection; 0 is none. */
  readonly bufferLimitBytes: number;
  /** `modifyOnly`: a failed health check (`/healthcheck/fail`) does not make its connections close. */
  readonly drainType: "default" | "modifyOnly";
  readonly trafficDirection: TrafficDirection;
  /** See `LimitedListener`. */
  readonly ignoreGlobalConnectionLimit: boolean;
  readonly bypassOverloadManager: boolean;
  /** Each connection that ended gets a line, also one that got no filter chain. */
  readonly accessLogs: readonly AccessLogData[];
  /** Run in order on each accepted connection, before its chain is chosen. */
  readonly listenerFilters: readonly ListenerFilterData[];
  /** How long they may take altogether (`listener_filters_timeout`); 0 is for ever. */
  readonly listenerFiltersTimeoutMs: number;
  /** Whether a connection goes on when that is over, instead of being closed. */
  readonly continueOnListenerFiltersTimeout: boolean;
  /** Not null: the listener is one for UDP, without filter chains. */
  readonly udp: UdpListenerData | null;
  /** No two of them take the same connections. */
  readonly chains: readonly FilterChainData[];
  /** For connections that no chain takes. */
  readonly defaultChain: FilterChainData | null;
}

/**
 * Names a listening socket by all that it is bound with. While it stays equal from one configuration to the next, the
 * socket stays, whatever else of its listener changes, even its name. Port 0 belongs to one listener: the name is part of it.
 */
export function socketKey(listener: ListenerData, address: ListenerAddress): string {
  const place = formatAddress(address.address);
  const owner = address.address.type === "ip" && address.address.port === 0 ? ` ${listener.name}` : "";
  const family = address.ipv6Only ? " v6only" : "";
  const mode = address.address.type === "pipe" ? ` mode=${address.address.mode}` : "";
  const protocol = listener.udp === null ? "" : "udp ";
  return `${protocol}${place}${family}${mode} ${listener.balance}${listener.reusePort ? "" : " single"} backlog=${listener.backlog}${owner}`;
}

/** The addresses at which a listener has sockets. */
export function socketAddresses(listener: ListenerData): readonly ListenerAddress[] {
  return listener.bindToPort ? listener.addresses : [];
}

/** The keys of all sockets of a listener. */
export function socketKeys(listener: ListenerData): string[] {
  return socketAddresses(listener).map((address) => socketKey(listener, address));
}
