import { haproxyPeer } from "./haproxy.ts";
import { nghttpxPeer } from "./nghttpx.ts";
import { nginxPeer } from "./nginx.ts";
import { barePipePeer, fastifyPeer, httpProxyPeer } from "./npm-peers.ts";
import type { Peer } from "./peer.ts";
import { troupePeer } from "./troupe.ts";

/** Every proxy that can be compared, in the order of the tables. */
export const ALL_PEERS: readonly Peer[] = [
  troupePeer,
  nginxPeer,
  haproxyPeer,
  nghttpxPeer,
  httpProxyPeer,
  fastifyPeer,
  barePipePeer,
];
