import type { AcceptedConfig } from "../src/config/bootstrap/bootstrap-json.ts";
import { unpackResource } from "../src/config/compiler/resource-packing.ts";
import { type FirstExpiry, firstExpiry } from "../src/extensions/transport_sockets/tls/first-expiry.ts";
import type { TlsContextData } from "../src/extensions/transport_sockets/tls/tls-context-data.ts";
import type { ClusterData } from "../src/upstream/cluster-data.ts";
import { ClusterUpdateTimes } from "./cluster-update-times.ts";
import type { CompiledConfig } from "./supervisor/config-compiler.ts";

/** The configuration in force, as the admin pages show it. Unpacked when somebody asks. Main thread. */
export class ConfigInForce {
  #config: CompiledConfig | null = null;
  #clusters: ClusterData[] | null = null;
  #firstExpiry: FirstExpiry | null = null;
  readonly #updateTimes = new ClusterUpdateTimes();

  /** Called by the supervisor with each configuration as it comes in force; `nowMs` since the epoch. */
  set(config: CompiledConfig, nowMs: number): void {
    this.#updateTimes.onInForce(config.resources, nowMs);
    this.#config = config;
    this.#clusters = null;
    this.#firstExpiry = null;
  }

  /** See `ClusterUpdateTimes`. */
  clusterUpdateTimes(): ReadonlyMap<string, number> {
    return this.#updateTimes.all();
  }

  clusters(): readonly ClusterData[] {
    this.#clusters ??= (this.#config?.resources ?? [])
      .filter(({ kind }) => kind === "cluster")
      .map(({ data }) => unpackResource(data) as ClusterData);
    return this.#clusters;
  }

  /** With their keys: for whom shows what may be shown. */
  tlsContexts(): readonly TlsContextData[] {
    return (this.#config?.resources ?? [])
      .filter(({ kind }) => kind === "tlsContext")
      .map(({ data }) => unpackResource(data) as TlsContextData);
  }

  /** When its certificates and OCSP staples begin to run out. */
  firstExpiry(): FirstExpiry {
    this.#firstExpiry ??= firstExpiry(this.tlsContexts());
    return this.#firstExpiry;
  }

  /** The texts it was compiled from, even if the file says something else by now. */
  source(): AcceptedConfig {
    return this.#config?.source ?? { texts: [] };
  }
}
