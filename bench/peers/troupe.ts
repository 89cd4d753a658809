import { startProxy } from "../../test/harness/start-proxy.ts";
import { PROXY_CORE } from "../pinned-process.ts";
import { prefixRoute, proxyConfig, staticCluster, tcpProxyConfig } from "../troupe-config.ts";
import { type Peer, routePrefix } from "./peer.ts";

/** Troupe with one worker: default filter chain or TCP proxy, stats on, access log off. */
export const troupePeer: Peer = {
  name: "troupe",
  async start(work) {
    const prefixes = work.routes === 0 ? ["/"] : Array.from({ length: work.routes }, (_, index) => routePrefix(index));
    const routes = prefixes.map((prefix) => prefixRoute(prefix, "backend"));
    const { downstream, upstream, tls } = work.protocols;
    const clusters = [staticCluster("backend", [work.backendPort], upstream)];
    const proxy = await startProxy({
      config: work.tcp
        ? tcpProxyConfig("backend", clusters)
        : proxyConfig({ virtualHosts: [{ name: "all", domains: ["*"], routes }], clusters, downstream, tls }),
      debugEndpoints: false,
      prefix: ["taskset", "-c", String(PROXY_CORE)],
    });
    if (proxy.child.pid === undefined) throw new Error("Troupe did not start");
    return { port: proxy.port(), pid: proxy.child.pid, stop: () => proxy.stop("SIGKILL").then(() => {}) };
  },
};
