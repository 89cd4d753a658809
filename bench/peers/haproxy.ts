import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type Peer, type PeerWork, routePrefix } from "./peer.ts";
import { startPinnedPeer } from "./pinned-peer.ts";

/** HAProxy in HTTP mode, one thread, connections to the backend shared by all requests. */
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
      writeFileSync(file, haproxyConfig(work, port, map));
      return ["haproxy", "-db", "-f", file];
    }),
};

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
  bind 127.0.0.1:${port} backlog 4096
  ${route}
backend backend
  server backend 127.0.0.1:${work.backendPort} maxconn 2000 pool-max-conn 1024
backend none
  http-request return status 404
`;
}
