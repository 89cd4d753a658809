/**
 * Looks at a proxy with many connections and clusters. Promise: no page of the inspection keeps a worker's event loop for longer than
 * 20 ms, and each has all rows. A stall that comes once may be the machine's; one that the page makes comes every time, so the shortest
 * of the rounds counts.
 * `node bench/load/inspect-under-load.ts [--connections 5000] [--clusters 10000] [--rounds 3]`
 */
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { type RunningProxy, startProxy } from "../../test/harness/start-proxy.ts";
import { LoopStalls } from "../loop-stalls.ts";
import { MarkerServer } from "../marker-server.ts";
import { readProcessUsage } from "../process-usage.ts";
import { prefixRoute, proxyConfig, staticCluster } from "../troupe-config.ts";
import { type LoadRunOutcome, numberOptions, pause, promise, runFromCommandLine } from "./load-run.ts";

/** How much there is to look at, and how often it is looked at. */
export interface InspectUnderLoadOptions {
  readonly connections: number;
  readonly clusters: number;
  readonly rounds: number;
}

const WORKERS = 2;
const STALL_LIMIT_MS = 20;
/** How many times as many rounds there are while the machine holds workers up in all of them. */
const PATIENCE = 4;
const BATCH = 250;
const READY_TIMEOUT_MS = 60_000;
const PAGE_DEADLINE_MS = 60_000;
const PAGES: readonly string[] = [
  "/connections?format=json",
  "/connections?format=json&sort=age_ms&limit=100",
  "/connections?filter=nobody",
  "/streams?format=json",
  "/pools?format=json",
  "/clusters?format=json",
  "/actors?format=json",
  "/config_dump",
];

/** Opens the connections, uses the clusters, and looks. Rejects when the proxy does not start. */
export async function inspectUnderLoad(options: InspectUnderLoadOptions): Promise<LoadRunOutcome> {
  const server = await MarkerServer.start("ok");
  const folder = mkdtempSync(path.join(tmpdir(), "troupe-inspect-"));
  const stalls = new LoopStalls(folder);
  const sockets: net.Socket[] = [];
  const lines: string[] = [];
  const broken: string[] = [];
  const proxy = await startProxy({
    config: JSON.stringify(manyClusters(options.clusters, server.port)),
    configName: "config.json",
    concurrency: WORKERS,
    env: stalls.env,
    readyTimeoutMs: READY_TIMEOUT_MS,
  });
  try {
    await openAll(proxy, options, sockets);
    await pause(1000);
    for (const page of PAGES) {
      const before = readProcessUsage(proxy.child.pid ?? 0).residentBytes;
      const { shortestMs, bytes } = await look(proxy, stalls, page, options.rounds);
      const grown = (readProcessUsage(proxy.child.pid ?? 0).residentBytes - before) / 1024 / 1024;
      const stall = `longest stall of a worker ${shortestMs.toFixed(1)} ms`;
      lines.push(`${page}: ${bytes} bytes, ${stall}, resident memory grew by ${grown.toFixed(0)} MiB`);
      promise(broken, shortestMs <= STALL_LIMIT_MS, `${page} kept a worker for ${shortestMs.toFixed(1)} ms`);
    }
    await checkRows(proxy, options, broken);
    return { lines, broken };
  } finally {
    for (const socket of sockets) socket.destroy();
    await proxy.kill();
    server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function manyClusters(count: number, port: number): object {
  const indexes = Array.from({ length: count }, (_, index) => index);
  return proxyConfig({
    clusters: indexes.map((index) => staticCluster(`c${index}`, [port])),
    virtualHosts: indexes.map((index) => ({
      name: `host-${index}`,
      domains: [`c${index}.test`],
      routes: [prefixRoute("/", `c${index}`)],
    })),
  });
}

/** Opens the connections; their requests go to all clusters in turn, so that each is in use on some worker. */
async function openAll(proxy: RunningProxy, options: InspectUnderLoadOptions, sockets: net.Socket[]): Promise<void> {
  let cluster = 0;
  const perConnection = Math.ceil(options.clusters / options.connections);
  const openOne = async (): Promise<void> => {
    const socket = net.connect(proxy.port(), "127.0.0.1");
    socket.on("error", () => {});
    sockets.push(socket);
    await once(socket, "connect");
    for (let i = 0; i < perConnection; i++) {
      socket.write(`GET / HTTP/1.1\r\nhost: c${cluster++ % options.clusters}.test\r\n\r\n`);
      await once(socket, "data");
    }
  };
  for (let left = options.connections; left > 0; left -= BATCH) {
    await Promise.all(Array.from({ length: Math.min(BATCH, left) }, openOne));
  }
}

async function look(
  proxy: RunningProxy,
  stalls: LoopStalls,
  page: string,
  rounds: number,
): Promise<{ readonly shortestMs: number; readonly bytes: number }> {
  let shortestMs = Number.POSITIVE_INFINITY;
  let bytes = 0;
  const mostRounds = rounds * PATIENCE;
  for (let round = 0; round < rounds || (shortestMs > STALL_LIMIT_MS && round < mostRounds); round++) {
    const sinceMs = Date.now();
    bytes = (await proxy.admin(page, "GET", undefined, PAGE_DEADLINE_MS)).body.length;
    await pause(50);
    shortestMs = Math.min(shortestMs, stalls.longestMs(sinceMs));
  }
  return { shortestMs, bytes };
}

async function checkRows(proxy: RunningProxy, options: InspectUnderLoadOptions, broken: string[]): Promise<void> {
  const { connections } = JSON.parse((await proxy.admin(PAGES[0]!, "GET", undefined, PAGE_DEADLINE_MS)).body);
  promise(
    broken,
    connections.length === options.connections,
    `${connections.length} of ${options.connections} connections are listed`,
  );
  const { pools } = JSON.parse((await proxy.admin("/pools?format=json", "GET", undefined, PAGE_DEADLINE_MS)).body);
  const clusters = new Set(pools.map(({ cluster }: { cluster: string }) => cluster)).size;
  promise(broken, clusters === options.clusters, `pools of ${clusters} of ${options.clusters} clusters are listed`);
}

if (import.meta.main) {
  await runFromCommandLine(() => inspectUnderLoad(numberOptions({ connections: 5000, clusters: 10_000, rounds: 3 })));
}
