import type net from "node:net";
import type { IpAddress } from "../net/address.ts";
import { ActiveListener, type ListenerOwner, type StagedUpdate } from "./active-listener.ts";
import { connectionId } from "./connection-id.ts";
import {
  type ConnectionRow,
  connectionRows,
  findConnection,
  type StreamRow,
  streamRows,
} from "./connection-listing.ts";
import type { DrainOptions } from "./drain.ts";
import { type DrainForecast, drainForecast } from "./drain-forecast.ts";
import { type HandlerReport, reportOf } from "./handler-report.ts";
import type { ListenerChanges } from "./listener-changes.ts";
import type { ListenerContext } from "./listener-context.ts";
import { type ListenerData, socketAddresses, socketKey } from "./listener-data.ts";
import { compareListeners } from "./listener-difference.ts";
import { ListenersByAddress } from "./listeners-by-address.ts";
import {
  type HandedServer,
  type HandedSocket,
  ListeningSockets,
  pipeProblem,
  type ServerCount,
} from "./listening-sockets.ts";
import { WorkerListenerStats } from "./worker-listener-stats.ts";

const NO_PIPES: ReadonlySet<string> = new Set();
const AT_ONCE: DrainOptions = { timeMs: 0, strategy: "immediate" };

/** Changes that are built and can be put in force or dropped. Exactly one of the two is called, once. */
export interface PreparedListeners {
  /** Puts the changes in force, at once and without fail. */
  commit(): void;
  /** Releases what was built; nothing has changed. */
  abort(): void;
}

interface Staged {
  readonly updates: { readonly listener: ActiveListener; readonly update: StagedUpdate }[];
  readonly created: ActiveListener[];
}

/**
 * The listeners of one worker: applies changes in two steps, accepts connections, drains them, and hands sockets over to
 * other workers. Source: Envoy's `ConnectionHandler` and the worker's side of its `ListenerManager`.
 */
export class ConnectionHandler implements ListenerOwner {
  readonly #context: ListenerContext;
  readonly #listeners = new Map<string, ActiveListener>();
  readonly #draining = new Set<ActiveListener>();
  readonly #sockets: ListeningSockets;
  #byAddress = new ListenersByAddress<ActiveListener>();
  readonly #workerStats: WorkerListenerStats;
  #connectionCount = 0;
  #lastConnection = 0;
  #cutCount = 0;
  #healthCheckFailed = false;
  #onEmpty: (() => void)[] = [];

  constructor(context: ListenerContext) {
    this.#context = context;
    this.#sockets = new ListeningSockets(context.timers.clock, context.log);
    this.#workerStats = new WorkerListenerStats(context.stats);
  }

  /** Counts the listeners of this worker, those of UDP too. */
  get listenerStats(): WorkerListenerStats {
    return this.#workerStats;
  }

  get healthCheckFailed(): boolean {
    return this.#healthCheckFailed;
  }

  /** Open downstream connections, draining ones too. */
  get connectionCount(): number {
    return this.#connectionCount;
  }

  /** How many connections were cut so far because their drain time was over. */
  get cutCount(): number {
    return this.#cutCount;
  }

  /** `/healthcheck/fail` and `/healthcheck/ok`: while failed, each connection closes at its next message boundary. */
  setHealthCheckFailed(failed: boolean): void {
    this.#healthCheckFailed = failed;
  }

  /**
   * Builds the changes, invisibly. `sockets` are this worker's sockets for addresses it has none for; `pipes` are the keys of
   * Unix-domain sockets that this worker is to make, because no other has them. Throws with the listener's name and the reason if
   * something can't be made; nothing is left behind then, the sockets are closed.
   */
  prepare(
    changes: ListenerChanges,
    sockets: readonly HandedSocket[],
    pipes: ReadonlySet<string> = NO_PIPES,
  ): PreparedListeners {
    let staged: Staged;
    try {
      staged = this.#stage(changes.upserts, pipes);
    } catch (error) {
      for (const { socket } of sockets) socket.close();
      throw error;
    }
    return {
      commit: () => this.#commit(staged, changes.removals, sockets, pipes),
      abort: () => {
        discard(staged);
        for (const { socket } of sockets) socket.close();
      },
    };
  }

  /**
   * Goes on with a connection that the main thread has accepted (`balance` is `exact`); one that nobody wants is closed. Calls
   * `onClosed` once, when it has ended.
   */
  acceptSocket(key: string, socket: net.Socket, onClosed: () => void): void {
    socket.once("close", onClosed);
    this.#sockets.accept(key, socket);
  }

  /** More sockets for listeners that are there: the worker is a new one, or an address has lost its sockets. */
  listen(sockets: readonly HandedSocket[]): void {
    for (const socket of sockets) this.#sockets.listen(socket);
  }

  /** Goes on accepting with the listening sockets of a worker that leaves. */
  adopt(servers: readonly HandedServer[]): void {
    for (const server of servers) this.#sockets.adopt(server);
  }

  /**
   * Gives up listening sockets: all that can be moved, or so many of these keys as there are. The caller transfers them to
   * another thread before it returns to the event loop; no connection is lost then. Connections stay here.
   */
  takeServers(servers: "all" | readonly ServerCount[]): HandedServer[] {
    return this.#sockets.take(servers);
  }

  /** Which connections would drain if these changes were applied now. Changes nothing. */
  forecast(changes: ListenerChanges): DrainForecast[] {
    return drainForecast(this.#listeners, changes);
  }

  /** Stops accepting. `inboundOnly` leaves listeners of other traffic directions alone. */
  stopListening(inboundOnly = false): void {
    this.#sockets.close((listener) => !inboundOnly || listener.data.trafficDirection === "inbound");
  }

  /** Winds up all connections; accepting goes on until the sockets are taken or closed. */
  startDrain(options: DrainOptions, inboundOnly = false): void {
    for (const listener of this.#all()) {
      if (!inboundOnly || listener.data.trafficDirection === "inbound") listener.startDrain(options);
    }
  }

  /** Calls back once, when no connection is open (any more). */
  whenEmpty(callback: () => void): void {
    if (this.#connectionCount === 0) callback();
    else this.#onEmpty.push(callback);
  }

  /** Closes everything at once. */
  close(): void {
    this.#sockets.close();
    for (const listener of this.#draining) listener.startDrain(AT_ONCE);
    for (const listener of this.#listeners.values()) this.#retire(listener, AT_ONCE);
    this.#listeners.clear();
    this.drainingChanged();
  }

  /** The connections, one after the other, as far as they are wanted. */
  connections(wanted: (row: ConnectionRow) => boolean): Generator<ConnectionRow | undefined> {
    return connectionRows(this.#all(), wanted);
  }

  /** The requests in hand. */
  streams(wanted: (row: StreamRow) => boolean): Generator<StreamRow | undefined> {
    return streamRows(this.#all(), wanted);
  }

  /** Cuts a connection; what it still had to write is lost. False if there is none of this id. */
  closeConnection(id: number): boolean {
    const found = findConnection(this.#all(), id);
    found?.connection.inEvent(() => found.connection.close("noFlush"));
    return found !== undefined;
  }

  /** The listeners that accept, with the addresses that they are bound to on this worker. */
  current(): { readonly data: ListenerData; readonly addresses: readonly string[] }[] {
    return [...this.#listeners.values()].map((listener) => ({
      data: listener.data,
      addresses: this.#sockets.boundAddresses(listener),
    }));
  }

  /** What is there, as plain data; at most `connectionLimit` connections are listed. */
  inspect(connectionLimit = 1000): HandlerReport {
    return reportOf([...this.#all()], this.#sockets, this.#context.timers.clock.nowMs(), connectionLimit);
  }

  nextConnectionId(): number {
    return connectionId(++this.#lastConnection, this.#context.workerIndex);
  }

  connectionOpened(): void {
    this.#connectionCount++;
  }

  connectionClosed(): void {
    if (--this.#connectionCount > 0 || this.#onEmpty.length === 0) return;
    for (const callback of this.#onEmpty.splice(0)) callback();
  }

  connectionCut(): void {
    this.#cutCount++;
  }

  listenerAt(destination: IpAddress): ActiveListener | undefined {
    return this.#byAddress.find(destination);
  }

  drainingChanged(): void {
    this.#workerStats.show(this.#listeners.values(), this.#draining.size);
  }

  listenerDrained(listener: ActiveListener): void {
    this.#draining.delete(listener);
    this.drainingChanged();
  }

  *#all(): Generator<ActiveListener> {
    yield* this.#listeners.values();
    yield* this.#draining;
  }

  #stage(upserts: readonly ListenerData[], pipes: ReadonlySet<string>): Staged {
    const staged: Staged = { updates: [], created: [] };
    try {
      for (const data of upserts) this.#stageOne(data, staged, pipes);
    } catch (error) {
      discard(staged);
      throw error;
    }
    return staged;
  }

  #stageOne(data: ListenerData, staged: Staged, pipes: ReadonlySet<string>): void {
    const present = this.#listeners.get(data.name);
    const difference = present === undefined ? null : compareListeners(present.data, data).type;
    if (difference === "same") return;
    try {
      for (const { path } of this.#newPipes(data, pipes)) {
        const problem = pipeProblem(path);
        if (problem !== null) throw new Error(`cannot listen on ${path}: ${problem}`);
      }
      if (present !== undefined && difference === "update") {
        staged.updates.push({ listener: present, update: present.stage(data) });
      } else {
        staged.created.push(new ActiveListener(data, this.#context, this));
      }
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`listener "${data.name}": ${reason}`, { cause: error });
    }
  }

  #commit(
    staged: Staged,
    removals: readonly string[],
    sockets: readonly HandedSocket[],
    pipes: ReadonlySet<string>,
  ): void {
    const leaving: ActiveListener[] = [];
    const drop = (name: string): void => {
      const listener = this.#listeners.get(name);
      if (listener !== undefined) leaving.push(listener);
      this.#listeners.delete(name);
    };
    for (const name of removals) drop(name);
    for (const { listener, update } of staged.updates) listener.apply(update, this.#context.drain);
    for (const listener of staged.created) {
      drop(listener.data.name);
      this.#listeners.set(listener.data.name, listener);
      this.#workerStats.created.inc();
    }
    this.#sockets.assign(this.#listeners.values());
    this.#byAddress = new ListenersByAddress(this.#listeners.values());
    for (const socket of sockets) this.#sockets.listen(socket);
    for (const { data } of this.#listeners.values()) {
      for (const { key, path, mode } of this.#newPipes(data, pipes)) this.#sockets.listenOnPipe(key, path, mode);
    }
    for (const listener of leaving) this.#retire(listener, this.#context.drain);
    this.drainingChanged();
  }

  #retire(listener: ActiveListener, drain: DrainOptions): void {
    this.#draining.add(listener);
    listener.retire(drain);
  }

  /** The Unix-domain sockets of a listener that this worker has to make. */
  *#newPipes(
    data: ListenerData,
    pipes: ReadonlySet<string>,
  ): Generator<{ readonly key: string; readonly path: string; readonly mode: number }> {
    for (const each of socketAddresses(data)) {
      const key = socketKey(data, each);
      if (each.address.type === "pipe" && pipes.has(key) && this.#sockets.count(key) === 0)
        yield { key, ...each.address };
    }
  }
}

function discard(staged: Staged): void {
  for (const { listener, update } of staged.updates) listener.discard(update);
  for (const listener of staged.created) listener.retire(AT_ONCE);
}
