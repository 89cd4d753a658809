import { Backend } from "../backend.ts";
import type { BenchCase, BenchContext, BenchNumbers, BenchRound } from "../bench-case.ts";
import { type Http2LoadShape, runHttp2Load } from "../h2load.ts";
import { type PeerProtocols, PLAIN_HTTP1, type RunningPeer } from "../peers/peer.ts";
import { readProcessUsage } from "../process-usage.ts";
import { measurePeers, WARM_UP_SECONDS } from "./peer-rounds.ts";
import { serverCertificate } from "./server-certificate.ts";

/** Requests over HTTP/2 at full load. */
interface Http2Work {
  readonly name: string;
  readonly description: string;
  readonly shape: Http2LoadShape;
  readonly upstream: PeerProtocols["upstream"];
  readonly tls: boolean;
  readonly peers: readonly string[];
}

const MEBI = 1024 * 1024;
const FEW: Http2LoadShape = { connections: 8, streams: 16, target: "/" };

/** The cases in which clients speak HTTP/2. nginx does not speak it to servers. */
export const HTTP2_CASES: readonly BenchCase[] = [
  http2Case({
    name: "h2-to-h1",
    description: "GET with a 13-byte response, 16 streams on each of 8 HTTP/2 connections; HTTP/1.1 to the server.",
    shape: FEW,
    upstream: "http1",
    tls: false,
    peers: ["troupe", "nginx", "haproxy", "nghttpx"],
  }),
  http2Case({
    name: "h2-to-h2",
    description: "GET with a 13-byte response, 16 streams on each of 8 HTTP/2 connections; HTTP/2 to the server.",
    shape: FEW,
    upstream: "http2",
    tls: false,
    peers: ["troupe", "haproxy", "nghttpx"],
  }),
  http2Case({
    name: "tls-h2-to-h1",
    description: "As h2-to-h1, over TLS 1.3 with a P-256 certificate.",
    shape: FEW,
    upstream: "http1",
    tls: true,
    peers: ["troupe", "nginx", "haproxy", "nghttpx"],
  }),
];

function http2Case(work: Http2Work): BenchCase {
  return {
    name: work.name,
    description: work.description,
    peers: work.peers,
    columns: [
      { key: "requestsPerSecond", title: "requests/s" },
      { key: "cpuUsPerRequest", title: "CPU µs/request", digits: 1, ratio: true },
      { key: "meanUs", title: "mean µs" },
      { key: "peakMiB", title: "peak memory MiB", digits: 1 },
      { key: "errors", title: "errors" },
    ],
    base: "haproxy",
    run: (context) => run(work, context),
  };
}

async function run(work: Http2Work, context: BenchContext): Promise<BenchRound[]> {
  const backend = await Backend.start(context.folder);
  try {
    const tls = work.tls ? serverCertificate(context.folder) : null;
    const protocols: PeerProtocols = { ...PLAIN_HTTP1, downstream: "http2", upstream: work.upstream, tls };
    const backendPort = work.upstream === "http2" ? backend.http2Port : backend.port;
    const peerWork = { folder: context.folder, backendPort, routes: 0, tcp: false, protocols };
    return await measurePeers(context, peerWork, (peer) => measure(work, peer, context.options.seconds));
  } finally {
    await backend.stop();
  }
}

async function measure(work: Http2Work, peer: RunningPeer, seconds: number): Promise<BenchNumbers> {
  const url = `${work.tls ? "https" : "http"}://127.0.0.1:${peer.port}`;
  await runHttp2Load(url, work.shape, WARM_UP_SECONDS);
  const before = readProcessUsage(peer.pid);
  const full = await runHttp2Load(url, work.shape, seconds);
  const after = readProcessUsage(peer.pid);
  return {
    requestsPerSecond: full.requestsPerSecond,
    cpuUsPerRequest: (after.cpuUs - before.cpuUs) / full.requests,
    meanUs: full.meanUs,
    errors: full.errors,
    peakMiB: after.peakBytes / MEBI,
  };
}
