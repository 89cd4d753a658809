import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type Peer, type PeerProtocols, type PeerWork, routePrefix } from "./peer.ts";
import { startPinnedPeer } from "./pinned-peer.ts";

/** HAProxy, one thread. In HTTP mode connections to the backend are shared by all requests. */
export const haproxyPeer: Peer = {
  name: "haproxy",
  start: (work) =>
    startPinnedPeer("haproxy", (port) => {
      const folder = path.join(work.folder, "haproxy");
      mkdirSync(folder, { recursive: true });
      const file = path.join(folder, "haproxy.cfg");
      const map = path.join(folder, "routes.map");
      const lines = Array.from({ length: work.routes }, (_, index) => `${routePrefix(index)} backend\n`);
      writeFileSync(map, lines.join(""));
      writeFileSync(file, work.tcp ? haproxyTcpConfig(work, port) : haproxyConfig(work, port, map));
      return ["haproxy", "-db", "-f", file];
    }),
};

/** TCP mode as it comes: HAProxy splices on its own where that pays. */
function haproxyTcpConfig(work: PeerWork, port: number): string {
  return `global
  nbthread 1
  no strict-limits
  maxconn 12000
defaults
  mode tcp
  timeout connect 5s
  timeout client 600s
  timeout server 600s
  maxconn 12000
listen main
  bind 127.0.0.1:${port} backlog 4096
  server backend 127.0.0.1:${work.backendPort}
`;
}

function bindOptions({ downstream, tls }: PeerProtocols): string {
  if (tls === null) return downstream === "http2" ? " proto h2" : "";
  return ` ssl crt ${tls.both} ssl-min-ver TLSv1.3 alpn ${downstream === "http2" ? "h2" : "http/1.1"}`;
}

function haproxyConfig(work: PeerWork, port: number, map: string): string {
  const route = work.routes > 0 ? `use_backend %[path,map_beg(${map},none)]` : "default_backend backend";
  return `global
  nbthread 1
  no strict-limits
  maxconn 12000
  tune.bufsize 16384
defaults
  mode http
  timeout connect 5s
  timeout client 600s
  timeout server 600s
  timeout http-keep-alive 600s
  timeout http-request 600s
  option http-keep-alive
  http-reuse always
  maxconn 12000
frontend main
  bind 127.0.0.1:${port} backlog 4096${bindOptions(work.protocols)}
  ${route}
backend backend
  server backend 127.0.0.1:${work.backendPort} maxconn 2000 pool-max-conn 1024${work.protocols.upstream === "http2" ? " proto h2" : ""}
backend none
  http-request return status 404
`;
}
