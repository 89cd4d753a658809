import type { Peer } from "./peer.ts";
import { startPinnedPeer } from "./pinned-peer.ts";

/** nghttpx with one worker: HTTP/2 from clients, HTTP/1.1 or HTTP/2 to the server. */
export const nghttpxPeer: Peer = {
  name: "nghttpx",
  start: ({ backendPort, protocols }) =>
    startPinnedPeer("nghttpx", (port) => [
      "nghttpx",
      "--workers=1",
      "--no-ocsp",
      "--conf=/dev/null",
      "--accesslog-file=/dev/null",
      "--backend-keep-alive-timeout=600",
      `--frontend=127.0.0.1,${port}${protocols.tls === null ? ";no-tls" : ""}`,
      `--backend=127.0.0.1,${backendPort}${protocols.upstream === "http2" ? ";;proto=h2" : ""}`,
      ...(protocols.tls === null ? [] : [protocols.tls.key, protocols.tls.certificate]),
    ]),
};
