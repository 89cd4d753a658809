import type net from "node:net";
import { isDeepStrictEqual } from "node:util";
import type { Clock } from "../base/clock.ts";
import type { RandomSource } from "../base/random.ts";
import type { TimerWheel, WheelTimer } from "../base/timer-wheel.ts";
import type { IpAddress } from "../net/address.ts";
import { Connection } from "../net/connection.ts";
import type { InspectedConnection } from "../net/inspected-connection.ts";
import type { NetworkFilterFactory } from "../net/network-filter.ts";
import type { TlsConnectionInfo } from "../net/tls-connection-info.ts";
import { ConnectionInspector } from "./connection-inspector.ts";
import type { ListenerConnections } from "./connection-limits.ts";
import { ConnectionLog } from "./connection-log.ts";
import { DownstreamConnection } from "./downstream-connection.ts";
import type { DrainOptions } from "./drain.ts";
import { ActiveFilterChain, type ChainOwner } from "./filter-chain/active-filter-chain.ts";
import { FilterChainTable } from "./filter-chain/filter-chain-table.ts";
import type { ListenerContext } from "./listener-context.ts";
import type { FilterChainData, ListenerData } from "./listener-data.ts";
import { type ListenerStats, listenerStats } from "./listener-stats.ts";
import { traitsOfSocket } from "./socket-traits.ts";

/** What all listeners of a worker tell their connection handler, and what they ask it. */
export interface ListenerOwner {
  /** Whether the server fails its health check (`/healthcheck/fail`). */
  readonly healthCheckFailed: boolean;
  /** Unique in the process while it runs. */
  nextConnectionId(): number;
  connectionOpened(): void;
  connectionClosed(): void;
  /** A connection is cut, because its drain time is over. */
  connectionCut(): void;
  /** The listener for connections to this address, if there is one, bound or not. */
  listenerAt(destination: IpAddress): ActiveListener | undefined;
  /** Chains began or ended to drain. */
  drainingChanged(): void;
  /** The retired listener has no connections any more and has released everything. */
  listenerDrained(listener: ActiveListener): void;
}

/** A new version of a listener, built beside the present one and visible to nobody yet. */
export interface StagedUpdate {
  readonly data: ListenerData;
  readonly chains: readonly ActiveFilterChain[];
  readonly defaultChain: ActiveFilterChain | null;
  /** Those of the above that are new. */
  readonly added: readonly ActiveFilterChain[];
}

/** A listener at work on one worker: gives accepted sockets to its filter chains. Which sockets, others decide. */
export class ActiveListener implements ChainOwner {
  readonly stats: ListenerStats;
  readonly #context: ListenerContext;
  readonly #owner: ListenerOwner;
  readonly #retiredChains = new Set<ActiveFilterChain>();
  #data: ListenerData;
  #chains: readonly ActiveFilterChain[] = [];
  #table = new FilterChainTable<ActiveFilterChain>();
  #defaultChain: ActiveFilterChain | null = null;
  readonly #inspector: ConnectionInspector | null = null;
  readonly #log: ConnectionLog | null = null;
  readonly #connections: ListenerConnections;
  #connectionCount = 0;
  #retired = false;
  #finished = false;

  /** Throws with the reason if a filter cannot be made; nothing is left behind then. */
  constructor(data: ListenerData, context: ListenerContext, owner: ListenerOwner) {
    this.#data = data;
    this.#context = context;
    this.#owner = owner;
    this.#connections = context.connectionLimits.ofListener(data);
    this.stats = listenerStats(context.stats, data.statPrefix, context.workerIndex);
    try {
      if (data.accessLogs.length > 0) {
        this.#log = new ConnectionLog(context.makeAccessLogs(data.accessLogs), context.timers.clock, context.failures);
      }
      if (data.listenerFilters.length > 0) this.#inspector = new ConnectionInspector(this, context, owner);
      const staged = this.stage(data);
      this.#setChains(staged.chains);
      this.#defaultChain = staged.defaultChain;
    } catch (error) {
      this.#inspector?.dispose();
      this.#log?.release();
      this.stats.scope.release();
      throw error;
    }
  }

  get data(): ListenerData {
    return this.#data;
  }

  get timers(): TimerWheel {
    return this.#context.timers;
  }

  get clock(): Clock {
    return this.#context.timers.clock;
  }

  get random(): RandomSource {
    return this.#context.random;
  }

  get closeRequested(): boolean {
    return this.#owner.healthCheckFailed && this.#data.drainType === "default";
  }

  get connectionCount(): number {
    return this.#connectionCount;
  }

  get retired(): boolean {
    return this.#retired;
  }

  /** How many replaced or removed chains of a listener that stays still have connections. */
  get retiredChainCount(): number {
    return this.#retired ? 0 : this.#retiredChains.size;
  }

  /** The chains that new connections get. */
  currentChains(): ActiveFilterChain[] {
    return this.#defaultChain === null ? [...this.#chains] : [...this.#chains, this.#defaultChain];
  }

  /** The chains of new connections and then those that drain. */
  chains(): ActiveFilterChain[] {
    return [...this.currentChains(), ...this.#retiredChains];
  }

  /** Takes over an accepted socket. `localAddress` as text, or `""` to ask the socket. */
  accept(accepted: net.Socket, localAddress: string): void {
    if (!this.#context.connectionLimits.tryAcquireGlobal(this.#data)) {
      this.stats.globalCxOverflow.inc();
      accepted.destroy();
      return;
    }
    if (!this.#connections.tryAcquire()) {
      this.#context.connectionLimits.releaseGlobal();
      this.stats.cxOverflow.inc();
      accepted.destroy();
      return;
    }
    this.#inspect(accepted, localAddress, null, this.#data.useOriginalDst);
  }

  /** A connection that `accept` has taken is gone. */
  #release(): void {
    this.#connections.release();
    this.#context.connectionLimits.releaseGlobal();
  }

  #inspect(accepted: net.Socket, local: string, before: InspectedConnection | null, mayHandOver: boolean): void {
    if (this.#inspector === null) {
      this.#accept(accepted, local, before);
      return;
    }
    const log = this.#log;
    const noted = log === null ? null : log.accepted(accepted);
    const onPassed = (inspected: InspectedConnection): void => {
      const { localAddress } = inspected;
      // Handed over at most once.
      const owner = mayHandOver && localAddress !== null ? this.#owner.listenerAt(localAddress) : undefined;
      if (owner === undefined || owner === this) this.#accept(accepted, local, inspected);
      else {
        this.#connections.release();
        owner.#connections.acquire();
        owner.#inspect(accepted, "", inspected, false);
      }
    };
    this.#inspector.inspect(accepted, before, onPassed, (inspected) => {
      this.#release();
      if (noted !== null) log!.refused(noted, inspected, false);
    });
  }

  #accept(accepted: net.Socket, localAddress: string, inspected: InspectedConnection | null): void {
    const context = this.#context;
    const chain = this.#chainOf(accepted, inspected) ?? this.#defaultChain;
    const transport = chain === null || chain.isEmpty ? null : chain.transportSocket;
    let onSecure: (info: TlsConnectionInfo) => void = () => {};
    const serverName = inspected === null ? null : inspected.serverName;
    const socket =
      transport === null ? accepted : transport.accept(accepted, { onSecure: (info) => onSecure(info) }, serverName);
    const connection = new Connection(socket, {
      id: this.#owner.nextConnectionId(),
      flusher: context.flusher,
      timers: context.timers,
      bufferLimitBytes: this.#data.bufferLimitBytes,
      delayedCloseTimeoutMs: 0,
      stats: null,
    });
    this.stats.cxTotal.inc();
    this.stats.workerCxTotal.inc();
    if (chain === null || chain.isEmpty) {
      this.#release();
      if (chain === null) this.stats.noFilterChainMatch.inc();
      this.stats.cxDestroy.inc();
      const log = this.#log ?? (chain === null ? this.#failures() : null);
      log?.refused(log.accepted(accepted), inspected, chain === null);
      connection.close("noFlush");
      return;
    }
    this.stats.cxActive.inc();
    this.stats.workerCxActive.inc();
    this.#connectionCount++;
    this.#owner.connectionOpened();
    const local = localAddress === "" ? connection.localAddress : localAddress;
    const filter = chain.createFilter();
    const downstream = new DownstreamConnection(connection, chain, filter, local, this.clock.nowMs(), inspected);
    chain.connections.add(downstream);
    if (transport === null) {
      connection.inEvent(() => downstream.start());
      // Whoever inspected it has left it paused.
      if (inspected !== null && connection.isOpen && connection.readEnabled) accepted.resume();
      return;
    }
    const deadline = this.#boundHandshake(downstream, chain.data.transportSocketConnectTimeoutMs);
    onSecure = (info) => {
      deadline?.disarm();
      downstream.tls = info;
      connection.inEvent(() => downstream.start());
    };
    downstream.awaitHandshake();
  }

  #chainOf(socket: net.Socket, inspected: InspectedConnection | null): ActiveFilterChain | null {
    const table = this.#table;
    return table.isConditional ? table.find(traitsOfSocket(socket, inspected)) : table.unconditional;
  }

  /** Cuts the connection if its handshake takes longer. */
  #boundHandshake({ connection }: DownstreamConnection, timeoutMs: number): WheelTimer | null {
    if (timeoutMs === 0) return null;
    const deadline = this.timers.timer(() => {
      this.stats.cxTransportSocketConnectTimeout.inc();
      connection.close("noFlush");
    });
    deadline.arm(timeoutMs);
    connection.socket.once("close", () => deadline.disarm());
    return deadline;
  }

  /** Builds what `data` has anew. Throws with the reason, and leaves nothing behind, if a filter cannot be made. */
  stage(data: ListenerData): StagedUpdate {
    const present = this.currentChains();
    const added: ActiveFilterChain[] = [];
    const take = (chain: FilterChainData): ActiveFilterChain => {
      const same = present.findIndex((other) => isDeepStrictEqual(other.data, chain));
      if (same !== -1) return present.splice(same, 1)[0]!;
      const built = this.#makeChain(chain);
      added.push(built);
      return built;
    };
    try {
      const chains = data.chains.map(take);
      const defaultChain = data.defaultChain === null ? null : take(data.defaultChain);
      return { data, chains, defaultChain, added };
    } catch (error) {
      for (const chain of added) chain.dispose();
      throw error;
    }
  }

  /** Gives up what `stage` built. */
  discard(staged: StagedUpdate): void {
    for (const chain of staged.added) chain.dispose();
  }

  /** New connections get the new version; chains that are not in it drain. Everything else stays as it is. */
  apply(staged: StagedUpdate, drain: DrainOptions): void {
    const kept = new Set([...staged.chains, staged.defaultChain]);
    const removed = this.currentChains().filter((chain) => !kept.has(chain));
    this.#data = staged.data;
    this.#setChains(staged.chains);
    this.#defaultChain = staged.defaultChain;
    this.#retireChains(removed, drain);
  }

  /** Winds up all connections while the listener goes on. */
  startDrain(options: DrainOptions): void {
    this.#inspector?.cancelAfter(options.timeMs);
    for (const chain of this.chains()) chain.startDrain(options);
  }

  /**
   * Winds up all connections; with the last one everything is released. Its sockets must have been taken from it. Connections that
   * listener filters look at still get their chain, until the drain time is over.
   */
  retire(options: DrainOptions): void {
    if (this.#retired) return;
    this.#retired = true;
    const inspector = this.#inspector;
    if (inspector === null) {
      this.#retireAll(options);
      return;
    }
    for (const chain of this.currentChains()) chain.startDrain(options);
    inspector.finish(options.timeMs, () => {
      inspector.dispose();
      this.#retireAll(options);
    });
  }

  #retireAll(options: DrainOptions): void {
    const chains = this.currentChains();
    this.#setChains([]);
    this.#defaultChain = null;
    this.#retireChains(chains, options);
    this.#finishIfDrained();
  }

  /** What notes failures, if the listener has no access log. */
  #failures(): ConnectionLog | null {
    const { failures, timers } = this.#context;
    return failures == null ? null : new ConnectionLog([], timers.clock, failures);
  }

  handshakeFailed(connection: DownstreamConnection, code: string): void {
    (this.#log ?? this.#failures())?.handshakeFailed(connection, connection.connection.socket, code);
  }

  connectionClosed(connection: DownstreamConnection): void {
    this.#connectionCount--;
    this.#release();
    this.stats.cxActive.dec();
    this.stats.workerCxActive.dec();
    this.stats.cxDestroy.inc();
    this.#log?.ended(connection, connection.connection.socket);
    this.stats.cxLengthMs.record(this.clock.nowMs() - connection.acceptedAtMs);
    this.#owner.connectionClosed();
  }

  connectionCut(): void {
    this.stats.cxDrainTimeout.inc();
    this.#owner.connectionCut();
  }

  chainDrained(chain: ActiveFilterChain): void {
    if (!this.#retiredChains.delete(chain)) return;
    this.#owner.drainingChanged();
    this.#finishIfDrained();
  }

  #setChains(chains: readonly ActiveFilterChain[]): void {
    this.#chains = chains;
    this.#table = new FilterChainTable();
    for (const chain of chains) this.#table.add(chain.data.match, chain);
  }

  #retireChains(chains: readonly ActiveFilterChain[], options: DrainOptions): void {
    for (const chain of chains) this.#retiredChains.add(chain);
    for (const chain of chains) chain.retire(options);
    this.#owner.drainingChanged();
  }

  #finishIfDrained(): void {
    if (!this.#retired || this.#finished || this.#retiredChains.size > 0) return;
    this.#finished = true;
    this.#log?.release();
    this.stats.scope.release();
    this.#owner.listenerDrained(this);
  }

  #makeChain(data: FilterChainData): ActiveFilterChain {
    const factories = this.#makeFactories(data);
    try {
      const { transportSocket } = data;
      const transport =
        transportSocket === null ? null : this.#context.makeTransportSocket(transportSocket, this.stats.scope);
      return new ActiveFilterChain(data, factories, transport, this, this.#context.buildingVersion?.() ?? 0);
    } catch (error) {
      for (const factory of factories) factory.dispose();
      throw error;
    }
  }

  #makeFactories(chain: FilterChainData): NetworkFilterFactory[] {
    const factories: NetworkFilterFactory[] = [];
    try {
      for (const filter of chain.filters) {
        factories.push(
          this.#context.makeNetworkFilter(filter, {
            listenerName: this.#data.name,
            filterChainName: chain.name,
            trafficDirection: this.#data.trafficDirection,
            listenerScope: this.stats.scope,
          }),
        );
      }
    } catch (error) {
      for (const factory of factories) factory.dispose();
      throw error;
    }
    return factories;
  }
}
