import { isDeepStrictEqual } from "node:util";
import type { WheelTimer } from "../../base/timer-wheel.ts";
import type { CompiledExtension } from "../../config/compile-context.ts";
import type { DownstreamUdp, UdpListenerFilter, UdpSessionUse } from "../../net/udp-listener-filter.ts";
import type { Counter, StatsScope } from "../../stats/scope.ts";
import type { ListenerContext } from "../listener-context.ts";
import type { ListenerData } from "../listener-data.ts";

/** Makes a worker's UDP listener filter of its configuration. Throws with the reason if it can't. */
export type UdpListenerFilterMaker = (filter: CompiledExtension, listenerScope: StatsScope) => UdpListenerFilter;

/** What a UDP listener needs of its worker. */
export interface UdpListenerContext
  extends Pick<ListenerContext, "timers" | "stats" | "log" | "drain" | "buildingVersion"> {
  readonly makeUdpFilter: UdpListenerFilterMaker;
}

/** A replaced filter whose clients still have something under way. */
interface RetiredFilter {
  readonly filter: UdpListenerFilter;
  readonly snapshotVersion: number;
  readonly timer: WheelTimer;
}

/** What a client has under way, and in which filter. */
export interface ListedUdpSession {
  readonly session: UdpSessionUse;
  /** The filter was replaced. */
  readonly draining: boolean;
  /** Of the configuration that the filter comes from. */
  readonly snapshotVersion: number;
}

/** A UDP listener on one worker: hands datagrams to its filter, and those of clients that an older one serves to that. */
export class UdpListener {
  #data: ListenerData;
  #filter: UdpListenerFilter;
  readonly #context: UdpListenerContext;
  readonly #scope: StatsScope;
  readonly #dropped: Counter;
  readonly #retired = new Set<RetiredFilter>();
  #snapshotVersion: number;
  #stagedVersion = 0;

  /** Throws with the reason if its filter can't be made. */
  constructor(data: ListenerData, context: UdpListenerContext) {
    this.#data = data;
    this.#context = context;
    this.#snapshotVersion = context.buildingVersion?.() ?? 0;
    this.#scope = context.stats.scope(`listener.${data.statPrefix}`);
    this.#dropped = this.#scope.counter("udp.downstream_rx_datagram_dropped");
    try {
      this.#filter = context.makeUdpFilter(data.udp!.filter, this.#scope);
    } catch (error) {
      this.#scope.release();
      throw error;
    }
  }

  get data(): ListenerData {
    return this.#data;
  }

  /** How many clients have something under way. */
  get activeCount(): number {
    let count = this.#filter.activeCount;
    for (const { filter } of this.#retired) count += filter.activeCount;
    return count;
  }

  /** How many clients a change to `data` would end within the drain time. */
  drainingBy(data: ListenerData): number {
    return this.#serves(data) ? 0 : this.#filter.activeCount;
  }

  /** What clients have under way. */
  *sessions(): Generator<ListedUdpSession> {
    for (const session of this.#filter.sessions()) {
      yield { session, draining: false, snapshotVersion: this.#snapshotVersion };
    }
    for (const { filter, snapshotVersion } of this.#retired) {
      for (const session of filter.sessions()) yield { session, draining: true, snapshotVersion };
    }
  }

  /** Ends what a client has under way; false if there is nothing of this id. */
  closeSession(id: number): boolean {
    return this.#filter.closeSession(id) || [...this.#retired].some(({ filter }) => filter.closeSession(id));
  }

  /** The filter for new data; null if the present one serves on. Throws with the reason if it can't be made. */
  stage(data: ListenerData): UdpListenerFilter | null {
    if (this.#serves(data)) return null;
    this.#stagedVersion = this.#context.buildingVersion?.() ?? 0;
    return this.#context.makeUdpFilter(data.udp!.filter, this.#scope);
  }

  /** Clients of the filter before stay with it until they are done, at most for the drain time. */
  apply(data: ListenerData, filter: UdpListenerFilter | null): void {
    this.#data = data;
    if (filter === null) return;
    const before = this.#filter;
    const snapshotVersion = this.#snapshotVersion;
    this.#filter = filter;
    this.#snapshotVersion = this.#stagedVersion;
    if (before.activeCount === 0) {
      before.dispose();
      return;
    }
    const retired: RetiredFilter = {
      filter: before,
      snapshotVersion,
      timer: this.#context.timers.timer(() => this.#drop(retired)),
    };
    this.#retired.add(retired);
    retired.timer.arm(this.#context.drain.timeMs);
  }

  /** Of its sockets. */
  onDatagram(data: Buffer, ip: string, port: number, socket: DownstreamUdp): void {
    if (data.length > this.#data.udp!.maxDatagramBytes) {
      this.#dropped.inc();
      return;
    }
    for (const retired of this.#retired) {
      if (retired.filter.activeCount === 0) this.#drop(retired);
      else if (retired.filter.knows(ip, port, socket)) {
        retired.filter.onDatagram(data, ip, port, socket);
        return;
      }
    }
    this.#filter.onDatagram(data, ip, port, socket);
  }

  /** Of its sockets. */
  onReceiveError(): void {
    this.#filter.onReceiveError();
  }

  /** Ends what is under way and releases everything. */
  close(): void {
    for (const retired of [...this.#retired]) this.#drop(retired);
    this.#filter.dispose();
    this.#scope.release();
  }

  /** Whether the present filter goes on under `data`. */
  #serves(data: ListenerData): boolean {
    return isDeepStrictEqual(data.udp!.filter, this.#data.udp!.filter);
  }

  #drop(retired: RetiredFilter): void {
    retired.timer.disarm();
    this.#retired.delete(retired);
    retired.filter.dispose();
  }
}
