import net from "node:net";
import { type Address, formatAddress } from "../net/address.ts";
import type { ListeningSocketSpec } from "./listening-socket-spec.ts";

/** How to bind one more socket of a spec. */
export interface BindOptions {
  /** In place of the spec's own port, when 0 has become a real one. */
  readonly port?: number;
  /** Whether the process has a socket on this port already, which must not count as in use. */
  readonly ours: boolean;
}

const REASONS = new Map([
  ["EADDRINUSE", "address already in use"],
  ["EACCES", "permission denied"],
  ["EADDRNOTAVAIL", "this machine has no such address"],
  ["EMFILE", "out of file descriptors"],
]);

/**
 * Binds a TCP socket for a listener; it can be moved to a worker's thread. Throws an error that says which address of which
 * listener can't be bound, and why.
 */
export function bindSocket(spec: ListeningSocketSpec, options: BindOptions): net.BoundSocket {
  const { address, ipv6Only, reusePort } = spec;
  if (address.type !== "ip") throw new Error(`cannot bind ${address.path} here: a worker has to`);
  const port = options.port ?? address.port;
  try {
    // SO_REUSEPORT would share the port with another process that has it, too, instead of failing.
    if (reusePort && !options.ours && port !== 0) new net.BoundSocket({ host: address.ip, port, ipv6Only }).close();
    return new net.BoundSocket({ host: address.ip, port, ipv6Only, reusePort });
  } catch (error) {
    throw bindError(error, { ...address, port }, spec.listener);
  }
}

/** Says which address of which listener can't be bound, and why. */
export function bindError(error: unknown, address: Address, listener: string): Error {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const reason = REASONS.get(code) ?? (error instanceof Error ? error.message : String(error));
  return new Error(`cannot bind ${formatAddress(address)} for listener "${listener}": ${reason}`, { cause: error });
}
