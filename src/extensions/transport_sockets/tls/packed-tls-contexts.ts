import { unpackResource } from "../../../config/compiler/resource-packing.ts";
import { ClientTlsContext } from "./client-tls-context.ts";
import type { TlsContextData } from "./tls-context-data.ts";
import type { TlsContextSlot } from "./tls-contexts.ts";

/** A resource of kind `tlsContext` as it is compiled. */
export interface PackedTlsContext {
  readonly name: string;
  readonly hash: string;
  /** The packed `TlsContextData`. */
  readonly data: Uint8Array;
}

/** Unpacks and builds a client's TLS contexts when the first connection needs them: on the main thread few are ever used. */
export class PackedTlsContexts {
  #contexts = new Map<string, PackedTlsContext>();
  /** What was built, by name; `hash` says from what. */
  readonly #built = new Map<string, { readonly hash: string; readonly context: ClientTlsContext | null }>();

  /** Makes contexts known whose names are not; those that are known stay as they are. */
  add(contexts: Iterable<PackedTlsContext>): void {
    for (const context of contexts) if (!this.#contexts.has(context.name)) this.#contexts.set(context.name, context);
  }

  /** From now on there are these contexts and no others. */
  replace(contexts: Iterable<PackedTlsContext>): void {
    this.#contexts = new Map();
    this.add(contexts);
    for (const name of [...this.#built.keys()]) if (!this.#contexts.has(name)) this.#built.delete(name);
  }

  /** Where a transport socket finds the version in force: null if there is none of that name, or it can't be built. */
  slot(name: string): TlsContextSlot {
    const find = (): ClientTlsContext | null => this.#find(name);
    return {
      get current() {
        return find();
      },
    };
  }

  #find(name: string): ClientTlsContext | null {
    const packed = this.#contexts.get(name);
    if (packed === undefined) return null;
    const built = this.#built.get(name);
    if (built?.hash === packed.hash) return built.context;
    const context = build(packed);
    this.#built.set(name, { hash: packed.hash, context });
    return context;
  }
}

function build({ data }: PackedTlsContext): ClientTlsContext | null {
  const unpacked = unpackResource(data) as TlsContextData;
  return unpacked.type === "upstream" ? new ClientTlsContext(unpacked) : null;
}
