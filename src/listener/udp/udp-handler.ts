import type { UdpListenerFilter } from "../../net/udp-listener-filter.ts";
import { UdpSocket } from "../../net/udp-socket.ts";
import { bindError } from "../bind-socket.ts";
import type { PreparedListeners } from "../connection-handler.ts";
import type { ConnectionRow } from "../connection-listing.ts";
import type { DrainForecast } from "../drain-forecast.ts";
import type { ListenerReport } from "../handler-report.ts";
import type { ListenerChanges } from "../listener-changes.ts";
import { type ListenerData, socketAddresses, socketKey } from "../listener-data.ts";
import type { WorkerListenerStats } from "../worker-listener-stats.ts";
import { UdpListener, type UdpListenerContext } from "./udp-listener.ts";
import { sessionRow } from "./udp-session-row.ts";

/** An address that this worker is to bind a UDP socket to. `port` is the real one where the configuration has 0. */
export interface UdpSocketOrder {
  readonly key: string;
  readonly port: number;
}

/** What all UDP listeners of a worker need. */
export interface UdpHandlerContext extends UdpListenerContext {
  readonly listenerStats: Pick<WorkerListenerStats, "created" | "showUdp">;
}

/** A bound socket and the listener that it feeds; nobody's while its version is not in force. */
interface Bound {
  readonly socket: UdpSocket;
  listener: UdpListener | null;
}

interface Staged {
  readonly created: UdpListener[];
  readonly updates: {
    readonly listener: UdpListener;
    readonly data: ListenerData;
    readonly filter: UdpListenerFilter | null;
  }[];
  readonly sockets: Map<string, Bound>;
}

/**
 * The UDP listeners of one worker. Each worker binds its own sockets with SO_REUSEPORT, because UDP sockets can't be moved between threads; the
 * kernel gives the datagrams of one client to the same socket as long as no worker comes or goes.
 */
export class UdpHandler {
  readonly #context: UdpHandlerContext;
  readonly #listeners = new Map<string, UdpListener>();
  readonly #sockets = new Map<string, Bound>();

  constructor(context: UdpHandlerContext) {
    this.#context = context;
  }

  /** How many clients have something under way. */
  get activeCount(): number {
    let count = 0;
    for (const listener of this.#listeners.values()) count += listener.activeCount;
    return count;
  }

  /**
   * Builds the changes and binds the sockets, invisibly. Names of listeners that are none for UDP may be among the removals. Throws with the
   * listener's name and the reason if something can't be made; nothing is left behind then.
   */
  prepare({ upserts, removals }: ListenerChanges, orders: readonly UdpSocketOrder[]): PreparedListeners {
    const staged: Staged = { created: [], updates: [], sockets: new Map() };
    try {
      for (const data of upserts) this.#stage(data, orders, staged);
    } catch (error) {
      discard(staged);
      throw error;
    }
    return { commit: () => this.#commit(staged, removals), abort: () => discard(staged) };
  }

  /** Which sessions would end if these changes were applied now. Changes nothing. */
  forecast({ upserts, removals }: ListenerChanges): DrainForecast[] {
    const found: DrainForecast[] = [];
    const add = (name: string, connections: number): void => {
      if (connections > 0) found.push({ listener: name, filterChain: "", connections });
    };
    for (const name of removals) add(name, this.#listeners.get(name)?.activeCount ?? 0);
    for (const after of upserts) {
      const listener = this.#listeners.get(after.name);
      if (listener === undefined) continue;
      const staysOne = after.udp !== null && after.statPrefix === listener.data.statPrefix;
      add(after.name, staysOne ? listener.drainingBy(after) : listener.activeCount);
    }
    return found;
  }

  /** The sessions, one after the other, as far as they are wanted. */
  *sessions(wanted: (row: ConnectionRow) => boolean): Generator<ConnectionRow | undefined> {
    const { clock } = this.#context.timers;
    for (const listener of this.#listeners.values()) {
      for (const session of listener.sessions()) {
        const row = sessionRow(listener.data.name, session, clock.nowMs());
        yield wanted(row) ? row : undefined;
      }
    }
  }

  /** Ends a session; false if there is none of this id. */
  closeSession(id: number): boolean {
    for (const listener of this.#listeners.values()) if (listener.closeSession(id)) return true;
    return false;
  }

  /** The listeners, with the addresses that they are bound to on this worker. */
  current(): { readonly data: ListenerData; readonly addresses: readonly string[] }[] {
    return [...this.#listeners.values()].map((listener) => ({
      data: listener.data,
      addresses: [...this.#sockets.values()].flatMap((bound) =>
        bound.listener === listener ? [bound.socket.localAddress] : [],
      ),
    }));
  }

  /** The listeners as plain data for the admin; their sessions count as connections. */
  reports(): ListenerReport[] {
    return this.current().map(({ data: { name }, addresses }) => {
      const connections = this.#listeners.get(name)?.activeCount ?? 0;
      return { name, state: "active", addresses, connections, chains: [] };
    });
  }

  /** Closes the sockets: of all listeners, or of inbound ones. What is under way ends. */
  stopListening(inboundOnly = false): void {
    for (const [key, { socket, listener }] of this.#sockets) {
      if (inboundOnly && listener?.data.trafficDirection !== "inbound") continue;
      socket.close();
      this.#sockets.delete(key);
    }
  }

  /** Ends everything. */
  close(): void {
    this.stopListening();
    for (const listener of this.#listeners.values()) listener.close();
    this.#listeners.clear();
    this.#context.listenerStats.showUdp(0);
  }

  #stage(data: ListenerData, orders: readonly UdpSocketOrder[], staged: Staged): void {
    const present = this.#listeners.get(data.name);
    try {
      if (present !== undefined && present.data.statPrefix === data.statPrefix) {
        staged.updates.push({ listener: present, data, filter: present.stage(data) });
      } else {
        staged.created.push(new UdpListener(data, this.#context));
      }
      for (const each of socketAddresses(data)) {
        const key = socketKey(data, each);
        const order = orders.find((one) => one.key === key);
        if (order === undefined || each.address.type !== "ip" || this.#sockets.has(key)) continue;
        const address = { ...each.address, port: order.port };
        staged.sockets.set(key, this.#bind(data, address, each.ipv6Only));
      }
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`listener "${data.name}": ${reason}`, { cause: error });
    }
  }

  #bind(data: ListenerData, address: { type: "ip"; ip: string; port: number }, ipv6Only: boolean): Bound {
    const { ip, port } = address;
    try {
      const socket: UdpSocket = UdpSocket.bound(
        { ip, port, ipv6Only, reusePort: data.reusePort },
        {
          onDatagram: (datagram, from, fromPort) => bound.listener?.onDatagram(datagram, from, fromPort, socket),
          onReceiveError: () => bound.listener?.onReceiveError(),
        },
      );
      const bound: Bound = { socket, listener: null };
      return bound;
    } catch (error) {
      throw bindError(error, address, data.name);
    }
  }

  #commit(staged: Staged, removals: readonly string[]): void {
    const leaving = removals.flatMap((name) => this.#listeners.get(name) ?? []);
    for (const name of removals) this.#listeners.delete(name);
    for (const { listener, data, filter } of staged.updates) listener.apply(data, filter);
    for (const listener of staged.created) {
      const { name } = listener.data;
      leaving.push(...[this.#listeners.get(name)].flatMap((before) => before ?? []));
      this.#listeners.set(name, listener);
      this.#context.listenerStats.created.inc();
    }
    for (const [key, bound] of staged.sockets) this.#sockets.set(key, bound);
    this.#assign();
    for (const listener of leaving) listener.close();
    this.#context.listenerStats.showUdp(this.#listeners.size);
  }

  /** Makes the sockets feed the listeners that want them, and closes those that nobody wants. */
  #assign(): void {
    const wanted = new Map<string, UdpListener>();
    for (const listener of this.#listeners.values()) {
      const { data } = listener;
      for (const each of socketAddresses(data)) wanted.set(socketKey(data, each), listener);
    }
    for (const [key, bound] of this.#sockets) {
      bound.listener = wanted.get(key) ?? null;
      if (bound.listener !== null) continue;
      bound.socket.close();
      this.#sockets.delete(key);
    }
  }
}

function discard(staged: Staged): void {
  for (const { filter } of staged.updates) filter?.dispose();
  for (const listener of staged.created) listener.close();
  for (const { socket } of staged.sockets.values()) socket.close();
}
