import net from "node:net";
import { type Address, formatAddress } from "../net/address.ts";
import { type ListenerAddress, type ListenerData, socketKey } from "./listener-data.ts";
import type { HandedSocket } from "./listening-sockets.ts";

/** Sockets could not be bound. `problems` says for each which listener, which address and why. */
export class SocketBindError extends Error {
  override readonly name = "SocketBindError";
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join("; "));
    this.problems = problems;
  }
}

/** One address of a listener. */
interface Binding {
  readonly key: string;
  readonly data: ListenerData;
  readonly configured: ListenerAddress;
  /** With the real port. */
  readonly address: Address;
  /**
   * With SO_REUSEPORT: never listened on; it keeps the port for the next worker, even if there is none at the moment. Without:
   * the only socket, until it is handed out.
   */
  readonly socket: net.BoundSocket | null;
}

/** Sockets for a configuration that is not in force yet. One of `commit` and `abort` is called, once. */
export interface PreparedSockets {
  /** For each worker, those of its new addresses; they are transferred. Empty lists if there are no new ones. */
  readonly workers: readonly (readonly HandedSocket[])[];
  /** New addresses that the main thread listens on (`balance` is `exact`). */
  readonly main: readonly HandedSocket[];
  /** Real addresses by listener name, for all listeners. */
  readonly addresses: ReadonlyMap<string, readonly Address[]>;
  /** The configuration is in force: gives up addresses that no listener has any more. Returns their keys. */
  commit(): string[];
  /** Frees what was bound for it. Sockets that have been transferred are the receiver's to close. */
  abort(): void;
}

/**
 * Binds the sockets of all listeners, on the main thread, where an error can still stop a configuration. Each worker gets a
 * socket of its own for each address. An address that stays the same from one configuration to the next is not bound again.
 * Unix-domain sockets can't be moved between threads; a worker binds them itself.
 */
export class SocketBinder {
  readonly #bindings = new Map<string, Binding>();

  /** Binds what these listeners need and have not. Throws `SocketBindError`, with nothing left bound. */
  prepare(listeners: readonly ListenerData[], workerCount: number): PreparedSockets {
    const problems = duplicates(listeners);
    const fresh: Binding[] = [];
    const wanted = new Set<string>();
    for (const data of listeners) {
      for (const configured of data.addresses) {
        const key = socketKey(data, configured);
        wanted.add(key);
        if (this.#bindings.has(key)) continue;
        const binding = this.#bind(key, data, configured, problems);
        if (binding !== null) fresh.push(binding);
      }
    }
    const handed: HandedSocket[] = [];
    const workers = Array.from({ length: workerCount }, () => forWorker(fresh, handed, problems));
    const main = forMain(fresh, handed, problems);
    const abort = (): void => {
      for (const { socket } of fresh) closeIfOurs(socket);
      for (const { socket } of handed) closeIfOurs(socket);
    };
    if (problems.length > 0) {
      abort();
      throw new SocketBindError(problems);
    }
    const known = new Map([...this.#bindings, ...fresh.map((binding) => [binding.key, binding] as const)]);
    return {
      workers,
      main,
      addresses: new Map(listeners.map((data) => [data.name, realAddresses(data, known)])),
      commit: () => this.#commit(fresh, wanted),
      abort,
    };
  }

  /**
   * Sockets for a new worker, or one that is started again: one for each address in force, except those in `covered`,
   * for which it adopts another worker's. Throws `SocketBindError`.
   */
  socketsForWorker(covered: ReadonlySet<string> = new Set()): HandedSocket[] {
    const problems: string[] = [];
    const bindings = [...this.#bindings.values()].filter(({ key }) => !covered.has(key));
    const handed = forWorker(bindings, [], problems);
    if (problems.length === 0) return handed;
    for (const { socket } of handed) socket.close();
    throw new SocketBindError(problems);
  }

  /** Gives up all addresses. Sockets that workers listen on stay theirs. */
  close(): void {
    for (const { socket } of this.#bindings.values()) closeIfOurs(socket);
    this.#bindings.clear();
  }

  #bind(key: string, data: ListenerData, configured: ListenerAddress, problems: string[]): Binding | null {
    const { address } = configured;
    if (address.type === "pipe") return { key, data, configured, address, socket: null };
    try {
      // SO_REUSEPORT would share the port with another process that uses it, too, instead of failing.
      if (data.reusePort && address.port !== 0 && !this.#isOurs(address)) bind(configured, address, false).close();
      const socket = bind(configured, address, data.reusePort);
      return { key, data, configured, address: { ...address, port: socket.address().port }, socket };
    } catch (error) {
      problems.push(bindProblem(data, address, error));
      return null;
    }
  }

  #isOurs(address: Address): boolean {
    const text = formatAddress(address);
    return [...this.#bindings.values()].some((binding) => formatAddress(binding.address) === text);
  }

  #commit(fresh: readonly Binding[], wanted: ReadonlySet<string>): string[] {
    for (const binding of fresh) this.#bindings.set(binding.key, binding);
    const gone = [...this.#bindings.values()].filter(({ key }) => !wanted.has(key));
    for (const { key, socket } of gone) {
      closeIfOurs(socket);
      this.#bindings.delete(key);
    }
    return gone.map(({ key }) => key);
  }
}

/** A worker's own sockets for these addresses; those are added to `handed` as they are made. */
function forWorker(bindings: readonly Binding[], handed: HandedSocket[], problems: string[]): HandedSocket[] {
  const own = bindings.filter(({ data, address }) => data.balance === "reusePort" && address.type === "ip");
  return own.flatMap((binding) => another(binding, handed, problems));
}

function forMain(bindings: readonly Binding[], handed: HandedSocket[], problems: string[]): HandedSocket[] {
  return bindings.flatMap((binding) => {
    const { key, data, address, socket } = binding;
    if (data.balance !== "exact" || address.type !== "ip") return [];
    return data.reusePort || socket === null ? another(binding, handed, problems) : [{ key, socket }];
  });
}

/** One more socket for an address. Empty after a problem. */
function another(binding: Binding, handed: HandedSocket[], problems: string[]): HandedSocket[] {
  const { key, data, configured, address } = binding;
  if (address.type !== "ip") return [];
  try {
    const made = { key, socket: bind(configured, address, true) };
    handed.push(made);
    return [made];
  } catch (error) {
    problems.push(bindProblem(data, address, error));
    return [];
  }
}

function bind(
  { ipv6Only }: ListenerAddress,
  { ip, port }: { readonly ip: string; readonly port: number },
  reusePort: boolean,
): net.BoundSocket {
  return new net.BoundSocket({ host: ip, port, ipv6Only, reusePort });
}

function realAddresses(data: ListenerData, bindings: ReadonlyMap<string, Binding>): Address[] {
  return data.addresses.map((address) => bindings.get(socketKey(data, address))?.address ?? address.address);
}

/** Listeners that want the same address. */
function duplicates(listeners: readonly ListenerData[]): string[] {
  const owners = new Map<string, string>();
  const problems: string[] = [];
  for (const { name, addresses } of listeners) {
    for (const { address } of addresses) {
      if (address.type === "ip" && address.port === 0) continue;
      const text = formatAddress(address);
      const owner = owners.get(text);
      if (owner === undefined) owners.set(text, name);
      else problems.push(`listener "${name}" has the same address as listener "${owner}": ${text}`);
    }
  }
  return problems;
}

const REASONS = new Map([
  ["EADDRINUSE", "address already in use"],
  ["EACCES", "permission denied"],
  ["EADDRNOTAVAIL", "this machine has no such address"],
  ["EMFILE", "out of file descriptors"],
]);

function bindProblem(data: ListenerData, address: Address, error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const reason = REASONS.get(code) ?? (error instanceof Error ? error.message : String(error));
  return `cannot bind ${formatAddress(address)} for listener "${data.name}": ${reason}`;
}

/** Closes a socket unless it has been transferred or listened on meanwhile. */
function closeIfOurs(socket: net.BoundSocket | null): void {
  socket?.[Symbol.dispose]();
}
