import type { TestContext } from "node:test";
import { TcpPeer } from "./tcp-peer.ts";
import { until } from "./until.ts";

/** Opens connections to a listener in front of an upstream that echoes; answers those that it took. The others were closed. */
export async function echoedPeers(t: TestContext, port: number, count: number): Promise<readonly TcpPeer[]> {
  const peers = await Promise.all(Array.from({ length: count }, () => TcpPeer.connect(port)));
  t.after(() => {
    for (const peer of peers) peer.destroy();
  });
  for (const peer of peers) peer.write("?");
  await Promise.all(peers.map((peer) => until("an answer", () => peer.text === "?" || peer.ended || peer.closed)));
  return peers.filter(({ text }) => text === "?");
}
