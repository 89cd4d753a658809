import type { TestContext } from "node:test";
import { DataPath, type DataPathOptions } from "../../../harness/data-path.ts";
import { loopback } from "../../../harness/sample-bootstrap.ts";
import { TcpPeer } from "../../../harness/tcp-peer.ts";

/** A network filter of a configuration. `type` is what stands between `…filters.network.` and the message's name. */
export function networkFilter(type: string, message: string, fields: object = {}): object {
  return {
    name: `envoy.filters.network.${type}`,
    typed_config: { "@type": `type.googleapis.com/envoy.extensions.filters.network.${type}.v3.${message}`, ...fields },
  };
}

/** A bootstrap with one listener of these network filters. */
export function tcpConfig(filters: readonly object[], clusters: readonly object[] = [], listener: object = {}): object {
  return {
    static_resources: {
      listeners: [{ name: "tcp", address: loopback(0), filter_chains: [{ filters }], ...listener }],
      clusters,
    },
  };
}

/** A data path of network filters, and clients before it; all of it ends with the test. */
export class TcpPath {
  readonly path: DataPath;
  readonly #clients: TcpPeer[] = [];

  private constructor(path: DataPath) {
    this.path = path;
  }

  static async start(test: TestContext, config: object, options: DataPathOptions = {}): Promise<TcpPath> {
    const tcp = new TcpPath(await DataPath.start(config, options));
    test.after(() => {
      for (const client of tcp.#clients) client.destroy();
      tcp.path.stop();
    });
    return tcp;
  }

  async client(keep = true): Promise<TcpPeer> {
    const client = await TcpPeer.connect(this.path.port, keep);
    this.#clients.push(client);
    return client;
  }

  /** A counter or gauge. */
  stat(name: string): number {
    return this.path.stats.value(name);
  }
}
