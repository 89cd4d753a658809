import type { BoundSocket } from "node:net";
import type { Transferable as NodeTransferable } from "node:worker_threads";

/** What can move to another thread. Node's own type leaves out `BoundSocket`, which can. */
export type Transferable = NodeTransferable | BoundSocket;

const lists = new WeakMap<object, readonly Transferable[]>();

/**
 * Names what moves, instead of being copied, when `value` (a message or a reply) crosses to another thread: buffers,
 * sockets, servers, ports. Returns `value`. On the same thread the list has no effect, and the value is passed as it is.
 */
export function withTransfer<T extends object>(value: T, transfer: readonly Transferable[]): T {
  lists.set(value, transfer);
  return value;
}

/** What was named by `withTransfer`, or nothing. */
export function transferOf(value: unknown): NodeTransferable[] {
  if (typeof value !== "object" || value === null) return [];
  // postMessage takes a BoundSocket although its declared type doesn't say so.
  return [...(lists.get(value) ?? [])] as NodeTransferable[];
}
