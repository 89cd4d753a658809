import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { nginxCommand, nginxConfig } from "../nginx-config.ts";
import { type Peer, type PeerWork, routePrefix } from "./peer.ts";
import { startPinnedPeer } from "./pinned-peer.ts";

/** nginx with keep-alive to the backend; bodies pass through memory only, in both directions. */
export const nginxPeer: Peer = {
  name: "nginx",
  start: (work) =>
    startPinnedPeer("nginx", (port) => {
      const folder = path.join(work.folder, "nginx");
      mkdirSync(folder, { recursive: true });
      const file = path.join(folder, "nginx.conf");
      writeFileSync(file, nginxConfig(folder, proxyServer(work, port)));
      return nginxCommand(folder, file);
    }),
};

function proxyServer(work: PeerWork, port: number): string {
  const { downstream, tls } = work.protocols;
  const pass = "{ proxy_pass http://backend; }";
  const routes = Array.from({ length: work.routes }, (_, index) => `    location ${routePrefix(index)} ${pass}`);
  return `  upstream backend { server 127.0.0.1:${work.backendPort}; keepalive 512; keepalive_requests 1000000000; }
  client_max_body_size 0;
  proxy_http_version 1.1;
  proxy_set_header Connection "";
  proxy_set_header Host $http_host;
  proxy_request_buffering off;
  proxy_max_temp_file_size 0;
  server {
    listen 127.0.0.1:${port} backlog=4096${tls === null ? "" : " ssl"}${downstream === "http2" ? " http2" : ""};
${tls === null ? "" : `    ssl_certificate ${tls.certificate};\n    ssl_certificate_key ${tls.key};\n    ssl_protocols TLSv1.3;\n`}${work.routes > 0 ? `${routes.join("\n")}\n    location / { return 404; }` : `    location / ${pass}`}
  }`;
}
