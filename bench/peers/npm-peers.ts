import path from "node:path";
import type { Peer } from "./peer.ts";
import { startPinnedPeer } from "./pinned-peer.ts";

/** `http-proxy` from npm, on node:http. */
export const httpProxyPeer: Peer = scriptPeer("http-proxy", "http-proxy-server.mjs");

/** `@fastify/http-proxy` from npm, on fastify and undici. */
export const fastifyPeer: Peer = scriptPeer("fastify", "fastify-server.mjs");

/** Node.js's sockets without a proxy on them, as a measure for the two above and for Troupe. */
export const barePipePeer: Peer = scriptPeer("bare pipe", "bare-pipe-server.mjs");

function scriptPeer(name: string, script: string): Peer {
  const file = path.join(import.meta.dirname, script);
  return {
    name,
    start: (work) =>
      startPinnedPeer(name, (port) => [process.execPath, file, ...[port, work.backendPort, work.routes].map(String)]),
  };
}
