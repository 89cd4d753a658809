import { isDeepStrictEqual } from "node:util";
import type { CompiledExtension } from "../config/compile-context.ts";
import type { UpstreamTransportSocketFactory } from "../net/transport-socket.ts";
import type { TransportSocketsData } from "./transport-sockets-data.ts";

interface Match {
  readonly wanted: readonly (readonly [key: string, value: unknown])[];
  readonly factory: UpstreamTransportSocketFactory | null;
}

type Metadata = ReadonlyMap<string, Readonly<Record<string, unknown>>>;

const NAMESPACE = "envoy.transport_socket_match";

/** The transport sockets of one cluster on one worker, and which of them a host gets. Source: Envoy's `TransportSocketMatcherImpl`. */
export class TransportSockets {
  readonly #matches: readonly Match[];
  readonly #otherwise: UpstreamTransportSocketFactory | null;

  constructor(
    data: TransportSocketsData,
    make: (transportSocket: CompiledExtension) => UpstreamTransportSocketFactory,
  ) {
    const factoryOf = (socket: CompiledExtension | null): UpstreamTransportSocketFactory | null =>
      socket === null ? null : make(socket);
    this.#otherwise = factoryOf(data.transportSocket);
    this.#matches = data.transportSocketMatches.map(({ match, transportSocket }) => ({
      wanted: Object.entries(match),
      factory: factoryOf(transportSocket),
    }));
  }

  /** Whether connections say from whom to whom the client's connection goes. */
  get tellsAddresses(): boolean {
    return [this.#otherwise, ...this.#matches.map(({ factory }) => factory)].some(
      (factory) => factory?.tellsAddresses === true,
    );
  }

  /** The first match that fits the host's metadata, or else the cluster's socket; null is a plain one. */
  socketOf(metadata: Metadata): UpstreamTransportSocketFactory | null {
    return this.#matches.length === 0 ? this.#otherwise : this.socketFor(metadata.get(NAMESPACE));
  }

  /** The same for what a host's metadata would have to say. */
  socketFor(given: Readonly<Record<string, unknown>> | undefined): UpstreamTransportSocketFactory | null {
    for (const { wanted, factory } of this.#matches) {
      if (wanted.every(([key, value]) => isDeepStrictEqual(given?.[key], value))) return factory;
    }
    return this.#otherwise;
  }
}
