import type { Clock } from "../src/base/clock.ts";
import type { Logger } from "../src/base/log.ts";
import { extensionModule, type TransportSocketModule } from "../src/extensions/extension-module.ts";
import { TRANSPORT_SOCKETS } from "../src/extensions/table.ts";
import { PackedTlsContexts } from "../src/extensions/transport_sockets/tls/packed-tls-contexts.ts";
import type { DiscoveryData } from "../src/upstream/cluster-data.ts";
import type { UpstreamTransportSocketMaker } from "../src/upstream/pool/pool-environment.ts";
import type { Resource } from "./supervisor/config-compiler.ts";
import type { CheckConnections } from "./supervisor/membership-link.ts";

/** The transport sockets of health checks, which run on the main thread. Loaded with the first cluster that needs them. */
export class CheckTransports implements CheckConnections {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #tlsContexts = new PackedTlsContexts();
  #modules: ReadonlyMap<string, TransportSocketModule> = new Map();

  constructor(clock: Clock, log: Logger) {
    this.#clock = clock;
    this.#log = log;
  }

  async warm(resources: readonly Resource[], discoveries: readonly DiscoveryData[]): Promise<void> {
    const needed = discoveries.some(({ healthCheck }) => healthCheck !== null && healthCheck.transport !== null);
    if (needed && this.#modules.size === 0) {
      const modules = TRANSPORT_SOCKETS.map(async ({ name, socket }) => [name, await socket()] as const);
      this.#modules = new Map(await Promise.all(modules));
    }
    this.#tlsContexts.add(tlsContextsOf(resources));
  }

  putInForce(resources: readonly Resource[]): void {
    this.#tlsContexts.replace(tlsContextsOf(resources));
  }

  readonly make: UpstreamTransportSocketMaker = ({ extension, data }, scope) =>
    extensionModule(this.#modules, extension).createUpstreamFactory(data, scope, {
      clock: this.#clock,
      log: this.#log,
      tlsContexts: this.#tlsContexts,
      extensions: { transportSockets: this.#modules },
    });
}

function tlsContextsOf(resources: readonly Resource[]): Resource[] {
  return resources.filter(({ kind }) => kind === "tlsContext");
}
