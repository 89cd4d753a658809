import type { TestContext } from "node:test";
import { type DataPathOptions, RECORDED_ACCESS_LOG } from "../../../../harness/data-path.ts";
import { loopback, sampleCluster } from "../../../../harness/sample-bootstrap.ts";
import { TcpUpstream } from "../../../../harness/tcp-peer.ts";
import { until } from "../../../../harness/until.ts";
import { networkFilter, TcpPath, tcpConfig } from "../tcp-path.ts";

/** What a test of the TCP proxy sets up; the rest is Envoy's defaults and one cluster `app`. */
export interface TcpProxiedOptions extends DataPathOptions {
  /** Fields of the TCP proxy. */
  readonly proxy?: object;
  /** Fields of the cluster `app`. */
  readonly cluster?: object;
  readonly clusters?: readonly object[];
  /** Fields of the listener. */
  readonly listener?: object;
  /** The port of `app`; default: the upstream's. */
  readonly port?: number;
  /** False: what the upstream receives is only counted. */
  readonly keep?: boolean;
}

/** The configuration of a test. */
function tcpProxyConfig(options: TcpProxiedOptions, upstreamPort: number): object {
  const proxy = networkFilter("tcp_proxy", "TcpProxy", {
    stat_prefix: "in",
    ...(options.proxy && "weighted_clusters" in options.proxy ? {} : { cluster: "app" }),
    access_log: RECORDED_ACCESS_LOG,
    ...options.proxy,
  });
  const app = sampleCluster("app", [loopback(options.port ?? upstreamPort)], options.cluster);
  return tcpConfig([proxy], [app, ...(options.clusters ?? [])], options.listener);
}

/** A TCP proxy between clients and an upstream; all of it ends with the test. */
export class TcpProxied {
  readonly tcp: TcpPath;
  readonly upstream: TcpUpstream;

  private constructor(tcp: TcpPath, upstream: TcpUpstream) {
    this.tcp = tcp;
    this.upstream = upstream;
  }

  static async start(test: TestContext, options: TcpProxiedOptions = {}): Promise<TcpProxied> {
    const upstream = await TcpUpstream.start(options.keep);
    test.after(() => upstream.close());
    return new TcpProxied(await TcpPath.start(test, tcpProxyConfig(options, upstream.port), options), upstream);
  }

  /** A client and the connection that the upstream gets for it. */
  async pair(keep = true) {
    const count = this.upstream.connections.length + 1;
    const client = await this.tcp.client(keep);
    return { client, server: await this.upstream.connection(count) };
  }

  /** A counter or gauge. */
  stat(name: string): number {
    return this.tcp.stat(name);
  }

  /** The access-log lines so far, when there are `count`. */
  async logged(count = 1) {
    await until(`${count} access-log lines`, () => this.tcp.path.logged.length >= count);
    return this.tcp.path.logged;
  }
}
