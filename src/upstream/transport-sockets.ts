import { isDeepStrictEqual } from "node:util";
import type { CompiledExtension } from "../config/compile-context.ts";
import type { UpstreamTransportSocketFactory } from "../net/transport-socket.ts";
import type { ConnectionSettingsData } from "./cluster-data.ts";

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
    data: Pick<ConnectionSettingsData, "transportSocket" | "transportSocketMatches">,
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

  /** The first match that fits the host's metadata, or else the cluster's socket; null is a plain one. */
  socketOf(metadata: Metadata): UpstreamTransportSocketFactory | null {
    if (this.#matches.length === 0) return this.#otherwise;
    const given = metadata.get(NAMESPACE);
    for (const { wanted, factory } of this.#matches) {
      if (wanted.every(([key, value]) => isDeepStrictEqual(given?.[key], value))) return factory;
    }
    return this.#otherwise;
  }
}
