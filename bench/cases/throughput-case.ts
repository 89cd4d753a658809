import { writeFileSync } from "node:fs";
import path from "node:path";
import { Backend, LARGE_BODY_BYTES } from "../backend.ts";
import type { BenchCase, BenchColumn, BenchContext, BenchNumbers, BenchRound } from "../bench-case.ts";
import { runFixedRateLoad } from "../fixed-rate-load.ts";
import { type LoadShape, runFullLoad } from "../full-load.ts";
import { PLAIN_HTTP1, type RunningPeer } from "../peers/peer.ts";
import { readProcessUsage } from "../process-usage.ts";
import { measurePeers, WARM_UP_SECONDS } from "./peer-rounds.ts";
import { serverCertificate } from "./server-certificate.ts";

/** One kind of traffic, measured at full load and, if it has a rate, at that rate. */
export interface ThroughputWork {
  readonly name: string;
  readonly description: string;
  readonly shape: LoadShape;
  /** The steady rate for latency and for CPU away from full load; undefined: not measured. */
  readonly fixedRatePerSecond?: number;
  readonly upload?: boolean;
  /** Whether the proxies move bytes without looking into them. Default: they are HTTP proxies. */
  readonly tcp?: boolean;
  /** Whether clients speak TLS. Default: not. */
  readonly tls?: boolean;
  /** Whether sockets without a proxy are measured too: where little is sent, they are most of the work. Default: not. */
  readonly barePipe?: boolean;
  /** Default 0. */
  readonly routes?: number;
}

const HTTP_PEERS = ["troupe", "nginx", "haproxy", "http-proxy", "fastify"];
const TLS_PEERS = ["troupe", "nginx", "haproxy"];
const TCP_PEERS = ["troupe", "haproxy"];
const MEBI = 1024 * 1024;

/** A case that sends requests of one kind, at full load and then at a fixed rate. */
export function throughputCase(work: ThroughputWork): BenchCase {
  return {
    name: work.name,
    description: work.description,
    peers: peersOf(work),
    columns: work.fixedRatePerSecond === undefined ? FULL_LOAD_COLUMNS : [...FULL_LOAD_COLUMNS, ...FIXED_RATE_COLUMNS],
    run: (context) => runThroughput(work, context),
  };
}

const FULL_LOAD_COLUMNS: readonly BenchColumn[] = [
  { key: "requestsPerSecond", title: "requests/s" },
  { key: "cpuUsPerRequest", title: "CPU µs/request", digits: 1, ratio: true },
  { key: "peakMiB", title: "peak memory MiB", digits: 1 },
  { key: "errors", title: "errors" },
];

const FIXED_RATE_COLUMNS: readonly BenchColumn[] = [
  { key: "fixedRateCpuUsPerRequest", title: "CPU µs/request at fixed rate", digits: 1, ratio: true },
  { key: "fixedRateP50Us", title: "p50 µs at fixed rate" },
  { key: "fixedRateP99Us", title: "p99 µs at fixed rate" },
];

function peersOf(work: ThroughputWork): string[] {
  if (work.tcp === true) return TCP_PEERS;
  if (work.tls === true) return TLS_PEERS;
  return work.barePipe === true ? [...HTTP_PEERS, "bare pipe"] : HTTP_PEERS;
}

async function runThroughput(work: ThroughputWork, context: BenchContext): Promise<BenchRound[]> {
  const backend = await Backend.start(context.folder);
  try {
    const tls = work.tls === true ? serverCertificate(context.folder) : null;
    const peerWork = {
      folder: context.folder,
      backendPort: backend.port,
      routes: work.routes ?? 0,
      tcp: work.tcp ?? false,
      protocols: { ...PLAIN_HTTP1, tls },
    };
    return await measurePeers(context, peerWork, (peer) => measure(work, peer, context));
  } finally {
    await backend.stop();
  }
}

async function measure(work: ThroughputWork, peer: RunningPeer, context: BenchContext): Promise<BenchNumbers> {
  const { seconds } = context.options;
  const scheme = work.tls === true ? "https" : "http";
  await runFullLoad(peer.port, work.shape, WARM_UP_SECONDS, scheme);
  const before = readProcessUsage(peer.pid);
  const full = await runFullLoad(peer.port, work.shape, seconds, scheme);
  const after = readProcessUsage(peer.pid);
  const numbers = {
    requestsPerSecond: full.requests / (full.durationUs / 1e6),
    cpuUsPerRequest: (after.cpuUs - before.cpuUs) / full.requests,
    errors: full.badStatus + full.socketErrors,
    badStatus: full.badStatus,
    socketErrors: full.socketErrors,
    fullLoadP50Us: full.p50Us,
    fullLoadP99Us: full.p99Us,
    peakMiB: after.peakBytes / MEBI,
  };
  return work.fixedRatePerSecond === undefined
    ? numbers
    : { ...numbers, ...(await measureFixedRate(work, peer, context)) };
}

async function measureFixedRate(work: ThroughputWork, peer: RunningPeer, context: BenchContext): Promise<BenchNumbers> {
  const bodyFile = path.join(context.folder, "body");
  if (work.upload === true) writeFileSync(bodyFile, Buffer.alloc(LARGE_BODY_BYTES, "x"));
  const before = readProcessUsage(peer.pid);
  const result = await runFixedRateLoad({
    port: peer.port,
    target: work.shape.target,
    connections: work.shape.connections,
    requestsPerSecond: work.fixedRatePerSecond ?? 0,
    seconds: context.options.seconds,
    folder: context.folder,
    ...(work.upload === true && { bodyFile }),
  });
  const after = readProcessUsage(peer.pid);
  return {
    fixedRateRequests: result.requests,
    fixedRateCpuUsPerRequest: (after.cpuUs - before.cpuUs) / result.requests,
    fixedRateBadStatus: result.badStatus,
    fixedRateP50Us: result.p50Us,
    fixedRateP99Us: result.p99Us,
  };
}
