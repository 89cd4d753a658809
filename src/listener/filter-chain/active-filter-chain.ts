import type { Clock } from "../../base/clock.ts";
import type { RandomSource } from "../../base/random.ts";
import type { TimerWheel, WheelTimer } from "../../base/timer-wheel.ts";
import type { NetworkFilterFactory, ReadFilter } from "../../net/network-filter.ts";
import type { DownstreamTransportSocketFactory } from "../../net/transport-socket.ts";
import type { ConnectionChain, DownstreamConnection } from "../downstream-connection.ts";
import { Drain, type DrainOptions } from "../drain.ts";
import type { FilterChainData } from "../listener-data.ts";
import { NetworkFilterManager } from "./network-filter-manager.ts";

/** How often a gradual drain looks whom to tell next. */
const TELL_INTERVAL_MS = 100;

/** What a filter chain needs of its listener, and the listener's conditions that its connections ask about. */
export interface ChainOwner {
  readonly clock: Clock;
  readonly timers: TimerWheel;
  readonly random: RandomSource;
  /** Whether connections should close for another reason than a drain: the server fails its health check. */
  readonly closeRequested: boolean;
  /** A connection is about to be cut, because its drain time is over. */
  connectionCut(): void;
  /** The TLS handshake of a connection failed, by Node's error code; `connectionClosed` follows. */
  handshakeFailed(connection: DownstreamConnection, code: string): void;
  /** A connection of any of its chains is gone. */
  connectionClosed(connection: DownstreamConnection): void;
  /** A chain that drained has no connections any more and has been disposed of. */
  chainDrained(chain: ActiveFilterChain): void;
}

/** A filter chain at work on one worker: its filters' factories and the connections that were accepted with it. */
export class ActiveFilterChain implements ConnectionChain {
  readonly data: FilterChainData;
  readonly connections = new Set<DownstreamConnection>();
  /** Null for plain sockets. */
  readonly transportSocket: DownstreamTransportSocketFactory | null;
  /** The version of the configuration that it was made for; later versions may have it, too. */
  readonly snapshotVersion: number;
  readonly #factories: readonly NetworkFilterFactory[];
  readonly #owner: ChainOwner;
  readonly #drain: Drain;
  #timer: WheelTimer | null = null;
  /** The share of its connections that has been told of the drain. */
  #toldShare = 0;
  /** When connections with nothing under way are closed. */
  #closeIdleAtMs = Number.POSITIVE_INFINITY;
  #retired = false;
  #disposed = false;

  constructor(
    data: FilterChainData,
    factories: readonly NetworkFilterFactory[],
    transportSocket: DownstreamTransportSocketFactory | null,
    owner: ChainOwner,
    snapshotVersion = 0,
  ) {
    this.data = data;
    this.snapshotVersion = snapshotVersion;
    this.transportSocket = transportSocket;
    this.#factories = factories;
    this.#owner = owner;
    this.#drain = new Drain(owner.clock, owner.random);
  }

  get draining(): boolean {
    return this.#drain.active;
  }

  /** Whether there are no filters: connections are closed at once. */
  get isEmpty(): boolean {
    return this.#factories.length === 0;
  }

  /** The filters of a new connection, as one. There must be some. */
  createFilter(): ReadFilter {
    const factories = this.#factories;
    if (factories.length === 1 && factories[0]!.writes !== true) return factories[0]!.createReadFilter();
    return new NetworkFilterManager(factories.map((factory) => factory.createReadFilter()));
  }

  /** See `ReadFilterCallbacks.drainClose`. */
  drainClose(): boolean {
    return (this.#drain.active && this.#drain.drainClose()) || this.#owner.closeRequested;
  }

  /**
   * Winds up the chain's connections, those it has and those that still come while its listener accepts: they are told
   * (`onDrain`) at once or spread over the drain time, as the strategy says; idle ones are closed when the options say so; at
   * the deadline the rest is cut and counted.
   * Calling it again can only make it sooner or harder.
   */
  startDrain(options: DrainOptions): void {
    this.#drain.start(options);
    const { idleMs } = options;
    if (idleMs !== undefined) {
      this.#closeIdleAtMs = Math.min(this.#closeIdleAtMs, this.#owner.clock.nowMs() + idleMs);
    }
    this.#tick();
  }

  /** Drains, and disposes of itself with its last connection. Nothing is accepted with it any more. */
  retire(options: DrainOptions): void {
    this.#retired = true;
    if (this.connections.size === 0) this.#finish();
    else this.startDrain(options);
  }

  handshakeFailed(connection: DownstreamConnection, code: string): void {
    this.#owner.handshakeFailed(connection, code);
  }

  connectionClosed(connection: DownstreamConnection): void {
    this.connections.delete(connection);
    this.#owner.connectionClosed(connection);
    if (this.#retired && this.connections.size === 0) this.#finish();
  }

  /** Releases the factories of a chain that has no connections. `retire` does it by itself. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#timer?.disarm();
    for (const factory of this.#factories) factory.dispose();
    this.transportSocket?.dispose();
  }

  #finish(): void {
    this.dispose();
    this.#owner.chainDrained(this);
  }

  #tick(): void {
    const now = this.#owner.clock.nowMs();
    if (now >= this.#drain.deadlineMs) {
      this.#cut();
      return;
    }
    this.#tell();
    if (now >= this.#closeIdleAtMs) this.#closeIdle();
    const leftMs = Math.min(this.#drain.deadlineMs, this.#closeIdleAtMs) - now;
    this.#timer ??= this.#owner.timers.timer(() => this.#tick());
    this.#timer.arm(this.#toldShare === 1 ? leftMs : Math.min(leftMs, TELL_INTERVAL_MS));
  }

  /** Tells so many of those who don't know yet that the share of all who do grows with the drain's progress. */
  #tell(): void {
    const progress = this.#drain.progress;
    if (progress <= this.#toldShare) return;
    const chance = (progress - this.#toldShare) / (1 - this.#toldShare);
    this.#toldShare = progress;
    for (const connection of this.connections) {
      if (connection.drainTold) continue;
      if (chance >= 1 || this.#owner.random.fraction() < chance) connection.tellDrain();
    }
  }

  #closeIdle(): void {
    this.#closeIdleAtMs = Number.POSITIVE_INFINITY;
    for (const connection of this.connections) connection.closeIfIdle();
  }

  #cut(): void {
    for (const connection of this.connections) {
      this.#owner.connectionCut();
      connection.connection.close("noFlush");
    }
  }
}
