import { ClientTlsContext } from "./client-tls-context.ts";
import { ServerTlsContext } from "./server-tls-context.ts";
import type { TlsContextData } from "./tls-context-data.ts";

/** Where a filter chain or cluster finds the TLS context in force. Stays the same object while the name is in use. */
export interface TlsContextSlot {
  readonly current: ServerTlsContext | ClientTlsContext | null;
}

/** Where slots are found by name. */
export interface TlsContextDirectory {
  /** The slot of `name`, before or after its context arrives. */
  slot(name: string): TlsContextSlot;
}

interface FilledSlot extends TlsContextSlot {
  current: ServerTlsContext | ClientTlsContext | null;
}

/**
 * The TLS contexts of one worker by name. A new version of a context, such as one with another certificate, serves the next
 * handshake; connections that exist keep what they have.
 */
export class TlsContexts implements TlsContextDirectory {
  readonly #slots = new Map<string, FilledSlot>();
  readonly #ticketSecret: Uint8Array;

  /** `ticketSecret`: the same for all workers of the process, so that a session made with one is resumed by another. */
  constructor(ticketSecret: Uint8Array) {
    this.#ticketSecret = ticketSecret;
  }

  /** The slot of `name`, made on first use, before or after its context arrives. */
  slot(name: string): TlsContextSlot {
    return this.#slot(name);
  }

  /** Builds a context, to be seen by nobody before `set`. Throws with the reason if it can't. */
  build(data: TlsContextData): ServerTlsContext | ClientTlsContext {
    return data.type === "downstream" ? new ServerTlsContext(data, this.#ticketSecret) : new ClientTlsContext(data);
  }

  set(name: string, context: ServerTlsContext | ClientTlsContext): void {
    this.#slot(name).current = context;
  }

  /** Forgets a context. Whoever still holds its slot (a draining chain) keeps the last version. */
  remove(name: string): void {
    this.#slots.delete(name);
  }

  #slot(name: string): FilledSlot {
    let slot = this.#slots.get(name);
    if (slot === undefined) {
      slot = { current: null };
      this.#slots.set(name, slot);
    }
    return slot;
  }
}
