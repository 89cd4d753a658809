import type { Address } from "../net/address.ts";
import type { Later } from "./later.ts";

/** The listeners in force. */
export interface ListenersView {
  /** Those in force, with the addresses they are bound to. */
  listeners(): Later<readonly BoundListener[]>;
}

/** A listener with the addresses it is bound to. */
export interface BoundListener {
  readonly name: string;
  readonly addresses: readonly Address[];
  /** What `/drain_listeners` has made of it: it still accepts while it is `draining`, and no more when it is `closed`. */
  readonly state: "open" | "draining" | "closed";
}
