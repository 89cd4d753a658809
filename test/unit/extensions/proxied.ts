import type { TestContext } from "node:test";
import { DataPath, type DataPathOptions, RECORDED_ACCESS_LOG } from "../../harness/data-path.ts";
import { FakeUpstream, type UpstreamScript } from "../../harness/fake-upstream.ts";
import { Http1Client } from "../../harness/http1-client.ts";
import { clusterRoute, loopback, sampleBootstrap, sampleCluster } from "../../harness/sample-bootstrap.ts";
import { until } from "../../harness/until.ts";

/** What a test of the proxied path sets up; the rest is Envoy's defaults, one cluster `app` and everything routed to it. */
export interface ProxiedOptions extends DataPathOptions {
  /** Fields of the connection manager. */
  readonly manager?: object;
  /** Fields of the route configuration beside its virtual host. */
  readonly routeConfig?: object;
  /** Fields of the virtual host beside its routes. */
  readonly host?: object;
  readonly routes?: readonly object[];
  /** Fields of the cluster `app`. */
  readonly cluster?: object;
  /** Further clusters. */
  readonly clusters?: readonly object[];
  /** Top-level fields of the bootstrap. */
  readonly bootstrap?: object;
  /** Fields of the listener. */
  readonly listener?: object;
  /** What the upstream does; without a script the test takes requests with `nextRequest`. */
  readonly script?: UpstreamScript;
  /** The port of `app`; default: the upstream's. */
  readonly port?: number;
}

/** The bootstrap of a test; see `ProxiedOptions`. */
export function proxiedConfig(options: ProxiedOptions, upstreamPort: number): object {
  const routes = options.routes ?? [clusterRoute("app")];
  const virtualHost = { name: "all", domains: ["*"], routes, ...options.host };
  const manager = {
    access_log: RECORDED_ACCESS_LOG,
    route_config: { name: "routes", virtual_hosts: [virtualHost], ...options.routeConfig },
    ...options.manager,
  };
  const clusters = [sampleCluster("app", [loopback(options.port ?? upstreamPort)], options.cluster)];
  return sampleBootstrap({
    listeners: [{ manager, ...(options.listener && { more: options.listener }) }],
    clusters: [...clusters, ...(options.clusters ?? [])],
    ...(options.bootstrap && { more: options.bootstrap }),
  });
}

/** A data path with an upstream behind it and clients before it; all of it ends with the test. */
export class Proxied {
  readonly path: DataPath;
  readonly upstream: FakeUpstream;
  readonly #clients: Http1Client[] = [];

  private constructor(path: DataPath, upstream: FakeUpstream) {
    this.path = path;
    this.upstream = upstream;
  }

  static async start(test: TestContext, options: ProxiedOptions = {}): Promise<Proxied> {
    const upstream = await FakeUpstream.start(options.script);
    const path = await DataPath.start(proxiedConfig(options, upstream.port), options).catch(async (error: unknown) => {
      await upstream.close();
      throw error;
    });
    const proxied = new Proxied(path, upstream);
    test.after(() => proxied.#close());
    return proxied;
  }

  /** A client on a connection of its own. */
  async client(): Promise<Http1Client> {
    const client = await Http1Client.connect(this.path.port);
    this.#clients.push(client);
    return client;
  }

  /** A counter or gauge. */
  stat(name: string): number {
    return this.path.stats.value(name);
  }

  /** The access-log line of the stream that ends next, or has ended last. */
  async logged(count = 1): Promise<{ status: number; flags: string; details: string }> {
    await until(`${count} access-log lines`, () => this.path.logged.length >= count);
    const { status, flags, details } = this.path.logged[count - 1]!;
    return { status, flags, details };
  }

  async #close(): Promise<void> {
    for (const client of this.#clients) client.close();
    this.path.stop();
    await this.upstream.close();
  }
}
