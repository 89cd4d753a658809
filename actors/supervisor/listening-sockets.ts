import type { BoundSocket, Socket } from "node:net";
import type { Logger } from "../../src/base/log.ts";
import { bindSocket } from "../../src/listener/bind-socket.ts";
import type { ListeningSocketSpec } from "../../src/listener/listening-socket-spec.ts";
import { probeUdpPort } from "../../src/listener/udp/bind-udp.ts";
import { type Address, formatAddress } from "../../src/net/address.ts";
import type { ServerCount, WorkerSocket } from "../worker/protocol.ts";
import { ExactAcceptor } from "./exact-acceptor.ts";
import type { ListenerStatus } from "./protocol.ts";

/** Gets a connection that was accepted on the main thread, and which workers serve its address. */
export type HandOut = (key: string, socket: Socket, holders: ReadonlyMap<string, number>) => void;

/** One listening address in force. */
interface Listening {
  readonly spec: ListeningSocketSpec;
  /** As bound. */
  readonly address: Address;
  /** Sockets each worker has for it. */
  readonly holders: Map<string, number>;
  acceptor: ExactAcceptor | undefined;
  state: ListenerStatus["state"];
}

/** An address that is not in force yet. */
interface Planned {
  readonly spec: ListeningSocketSpec;
  address: Address;
  readonly holders: string[];
  accepting: BoundSocket | undefined;
}

/** The sockets that a new version needs and nobody has. Bound, but nowhere in force. */
export interface SocketPlan {
  /** What each worker gets. */
  readonly perWorker: ReadonlyMap<string, readonly WorkerSocket[]>;
  /** The version is in force. */
  commit(): void;
  /** The version is not: closes what hasn't moved to a worker. */
  abort(): void;
}

/**
 * The listening sockets of all workers: who has which, and binding of those that are missing. A TCP address has a socket
 * with SO_REUSEPORT per worker, or one here that hands connections out (`exact`). Unix-domain and UDP sockets can't be moved
 * between threads: workers make them, the first worker those that one owner has to have.
 */
export class ListeningSockets {
  readonly #inForce = new Map<string, Listening>();
  readonly #handOut: HandOut;
  readonly #log: Logger;

  constructor(handOut: HandOut, log: Logger) {
    this.#handOut = handOut;
    this.#log = log;
  }

  status(): ListenerStatus[] {
    return [...this.#inForce.values()].map(({ spec, address, holders, state }) => ({
      key: spec.key,
      listener: spec.listener,
      address,
      holders: [...holders].map(([worker, sockets]) => ({ worker, sockets })),
      state,
    }));
  }

  /**
   * Binds what `workers` lack of `specs`. The first of them owns Unix-domain sockets. Throws with the address in the
   * message, and nothing bound, if one can't be.
   */
  plan(specs: readonly ListeningSocketSpec[], workers: readonly string[]): SocketPlan {
    const perWorker = new Map<string, WorkerSocket[]>(workers.map((worker) => [worker, []]));
    const planned: Planned[] = [];
    const bound: BoundSocket[] = [];
    try {
      for (const spec of specs) planned.push(this.#planOne(spec, workers, perWorker, bound));
    } catch (error) {
      closeAll(bound);
      throw error;
    }
    return { perWorker, commit: () => this.#commit(planned), abort: () => closeAll(bound) };
  }

  /** Servers that other workers have more than one of, and that worker `to` could have instead of new sockets. */
  surplusFor(to: string): { readonly from: string; readonly server: ServerCount }[] {
    const found: { from: string; server: ServerCount }[] = [];
    for (const { spec, holders } of this.#inForce.values()) {
      if (holders.has(to)) continue;
      const [from, count] = [...holders].reduce((most, next) => (next[1] > most[1] ? next : most), ["", 1]);
      if (count > 1) found.push({ from, server: { key: spec.key, count: 1 } });
    }
    return found;
  }

  /** Of `workers`, the one with the fewest sockets for this address. */
  fewest(key: string, workers: readonly string[]): string | undefined {
    const holders = this.#inForce.get(key)?.holders;
    return workers.toSorted((a, b) => (holders?.get(a) ?? 0) - (holders?.get(b) ?? 0))[0];
  }

  /** Notes that a listening server of `key` has gone from one worker (or from nobody) to another (or to nobody). */
  moved(key: string, from: string | undefined, to: string | undefined): void {
    const holders = this.#inForce.get(key)?.holders;
    if (holders === undefined) return;
    if (from !== undefined) setCount(holders, from, (holders.get(from) ?? 0) - 1);
    if (to !== undefined) setCount(holders, to, (holders.get(to) ?? 0) + 1);
  }

  /** Sockets with one owner that nobody owns, because their worker has gone for good. */
  orphans(): string[] {
    const found: string[] = [];
    for (const { spec, holders, state } of this.#inForce.values()) {
      if (hasOneOwner(spec) && holders.size === 0 && state === "open") found.push(spec.key);
    }
    return found;
  }

  /** The worker is gone, and its sockets with it. */
  forget(worker: string): void {
    for (const { holders } of this.#inForce.values()) holders.delete(worker);
  }

  /** Stops accepting on this thread. */
  close(): void {
    for (const listening of this.#inForce.values()) closeAcceptor(listening);
  }

  /** `/drain_listeners`: workers wind up their connections, or have closed their sockets, in which case no worker gets new ones. */
  drain(state: "draining" | "closed", inboundOnly: boolean): void {
    for (const listening of this.#inForce.values()) {
      if ((inboundOnly && !listening.spec.inbound) || listening.state === "closed") continue;
      listening.state = state;
      if (state === "draining") continue;
      closeAcceptor(listening);
      listening.holders.clear();
    }
  }

  #planOne(
    spec: ListeningSocketSpec,
    workers: readonly string[],
    perWorker: ReadonlyMap<string, WorkerSocket[]>,
    bound: BoundSocket[],
  ): Planned {
    const present = this.#inForce.get(spec.key);
    const planned: Planned = { spec, address: present?.address ?? spec.address, holders: [], accepting: undefined };
    if (present?.state === "closed") return planned;
    const bind = (): BoundSocket => {
      const socket = this.#bind(spec, planned.address, present !== undefined || planned.holders.length > 0);
      bound.push(socket);
      planned.address = addressOf(socket, planned.address);
      return socket;
    };
    if (spec.protocol === "udp" && present === undefined) planned.address = this.#probeUdp(spec);
    else if (present === undefined && spec.address.type === "ip" && spec.balance === "exact")
      planned.accepting = bind();
    const takers = hasOneOwner(spec) ? workers.slice(0, 1) : workers;
    for (const worker of takers) {
      if (present?.holders.has(worker)) continue;
      const socket = this.#socketFor(planned, present, worker, bind);
      if (socket === undefined) continue;
      perWorker.get(worker)?.push(socket);
      // What is to be adopted counts when it has moved.
      if (socket.kind !== "adopted") planned.holders.push(worker);
    }
    return planned;
  }

  #socketFor(
    { spec, address }: Planned,
    present: Listening | undefined,
    worker: string,
    bind: () => BoundSocket,
  ): WorkerSocket | undefined {
    const { key } = spec;
    if (hasOneOwner(spec) && present !== undefined && present.holders.size > 0) return undefined;
    if (address.type === "pipe") return { kind: "pipe", key };
    if (spec.protocol === "udp") return { kind: "udp", key, port: address.port };
    if (spec.balance === "exact") return { kind: "handedOut", key };
    if (this.surplusFor(worker).some((surplus) => surplus.server.key === key)) return { kind: "adopted", key };
    return { kind: "bound", key, socket: bind() };
  }

  #bind(spec: ListeningSocketSpec, address: Address, ours: boolean): BoundSocket {
    if (address.type !== "ip") throw new Error(`listener ${spec.listener}: ${formatAddress(address)} can't be bound`);
    return bindSocket(spec, { port: address.port, ours: ours || this.#isOurs(address) });
  }

  /** The address at which workers are to bind. */
  #probeUdp(spec: ListeningSocketSpec): Address {
    const { address } = spec;
    return address.type === "ip" ? { ...address, port: probeUdpPort(spec, this.#isOurs(address, "udp")) } : address;
  }

  /** A socket of ours is on this port already, perhaps under another key. */
  #isOurs(address: Address & { readonly type: "ip" }, protocol: "tcp" | "udp" = "tcp"): boolean {
    for (const listening of this.#inForce.values()) {
      if (listening.spec.protocol !== protocol) continue;
      if (listening.address.type === "ip" && listening.address.port === address.port) return true;
    }
    return false;
  }

  #commit(planned: readonly Planned[]): void {
    const kept = new Set(planned.map(({ spec }) => spec.key));
    for (const [key, listening] of this.#inForce) {
      if (kept.has(key)) continue;
      listening.acceptor?.close();
      this.#inForce.delete(key);
    }
    for (const { spec, address, holders, accepting } of planned) {
      const present = this.#inForce.get(spec.key);
      const listening: Listening = {
        spec,
        address,
        holders: present?.holders ?? new Map(),
        acceptor: accepting === undefined ? present?.acceptor : this.#accept(spec, accepting),
        state: present?.state ?? "open",
      };
      for (const worker of holders) if (!listening.holders.has(worker)) listening.holders.set(worker, 1);
      this.#inForce.set(spec.key, listening);
    }
  }

  #accept(spec: ListeningSocketSpec, socket: BoundSocket): ExactAcceptor {
    return new ExactAcceptor(
      socket,
      spec.backlog,
      (connection) => this.#handOut(spec.key, connection, this.#inForce.get(spec.key)?.holders ?? new Map()),
      (error) => this.#log.error({ listener: spec.listener, error: error.message }, "can't accept"),
    );
  }
}

function closeAcceptor(listening: Listening): void {
  listening.acceptor?.close();
  listening.acceptor = undefined;
}

/** Unix-domain sockets can't be moved between threads, and UDP sockets share a port by SO_REUSEPORT alone. */
function hasOneOwner({ address, protocol, reusePort }: ListeningSocketSpec): boolean {
  return address.type === "pipe" || (protocol === "udp" && !reusePort);
}

function setCount(holders: Map<string, number>, worker: string, count: number): void {
  if (count > 0) holders.set(worker, count);
  else holders.delete(worker);
}

function addressOf(socket: BoundSocket, address: Address): Address {
  const { port } = socket.address();
  return address.type === "ip" ? { ...address, port } : address;
}

/** Closes sockets, except those that have moved to a worker: those are the worker's. */
function closeAll(sockets: readonly BoundSocket[]): void {
  for (const socket of sockets) {
    try {
      socket.close();
    } catch {
      // Moved: asking whether it has isn't possible in another way.
    }
  }
}
