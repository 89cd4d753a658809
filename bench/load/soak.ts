/**
 * Mixed traffic for minutes: good clients beside slow ones, aborts, large bodies and bad bytes. Promise: the good
 * requests all go well, the proxy lives, and at the end connections, streams, timers and heap are where they were after
 * the first tenth of the time. `node bench/load/soak.ts [--seconds 300] [--good 8] [--bad 16] [--workers 2] [--seed 1]`
 */
import { FakeUpstream } from "../../test/harness/fake-upstream.ts";
import { LoadClient } from "../../test/harness/load-client.ts";
import { describeLoad, failedRequests } from "../../test/harness/load-report.ts";
import { type RunningProxy, startProxy } from "../../test/harness/start-proxy.ts";
import type { UpstreamExchange } from "../../test/harness/upstream-exchange.ts";
import { MarkerServer } from "../marker-server.ts";
import { prefixRoute, proxyConfig, staticCluster } from "../troupe-config.ts";
import { type LoadRunOutcome, numberOptions, pause, promise, runFromCommandLine } from "./load-run.ts";
import { type ProxyHoldings, readHoldings } from "./proxy-holdings.ts";
import { BAD_CLIENTS, type Dice, seededDice } from "./soak-traffic.ts";

/** How long the soak is, and which clients take part. */
export interface SoakOptions {
  readonly seconds: number;
  /** Connections with right requests only. */
  readonly good: number;
  /** Connections, at a time, of clients that behave badly. */
  readonly bad: number;
  readonly workers: number;
  readonly seed: number;
}

/** What the heap may be above the first reading: code that is optimised meanwhile, caches that fill up. */
const HEAP_SLACK = { ratio: 1.05, bytes: 4 * 1024 * 1024 };
const LARGE = Buffer.alloc(1024 * 1024, "l");
/** For half-open connections and delayed closes to run out. */
const SETTLE_MS = 3000;

/** Runs the soak. Rejects when the proxy does not start. */
export async function soak(options: SoakOptions): Promise<LoadRunOutcome> {
  const steady = await MarkerServer.start("ok");
  const wild = await FakeUpstream.start(behave, { keepBytes: false });
  const clusters = [staticCluster("steady", [steady.port]), staticCluster("wild", [wild.port])];
  const wildRoutes = ["/large", "/upload", "/reset"].map((path) => prefixRoute(path, "wild"));
  const virtualHosts = [{ name: "all", domains: ["*"], routes: [...wildRoutes, prefixRoute("/", "steady")] }];
  // So that `/memory` tells what is held, and not what the collector has not got round to.
  const env = { NODE_OPTIONS: "--expose-gc" };
  const proxy = await startProxy({
    config: proxyConfig({ clusters, virtualHosts }),
    concurrency: options.workers,
    env,
  });
  const broken: string[] = [];
  try {
    const dice = seededDice(options.seed);
    const lines = [await traffic(proxy, options, options.seconds * 0.1, dice, broken)];
    const before = await settled(proxy);
    lines.push(await traffic(proxy, options, options.seconds * 0.9, dice, broken));
    const after = await settled(proxy);
    lines.push(...compare(before, after, broken));
    promise(broken, !proxy.exited, "the proxy ended");
    return { lines, broken };
  } finally {
    await proxy.kill();
    await wild.close();
    steady.stop();
  }
}

/** The upstream of the bad clients: large bodies, resets, and answers that don't wait for the body. */
async function behave(exchange: UpstreamExchange): Promise<void> {
  if (exchange.target.startsWith("/reset")) return exchange.reset();
  if (exchange.target.startsWith("/large")) return exchange.respond({ body: LARGE });
  const request = await exchange.request();
  exchange.respond({ body: `${request.bodyBytes}` });
}

async function traffic(proxy: RunningProxy, options: SoakOptions, seconds: number, dice: Dice, broken: string[]) {
  const client = await LoadClient.start({ port: proxy.port(), connections: options.good, thinkTimeMs: 5 });
  const endMs = performance.now() + seconds * 1000;
  const counts = new Map<string, number>();
  const kinds = [...BAD_CLIENTS];
  const slot = async () => {
    while (performance.now() < endMs && !proxy.exited) {
      const [name, run] = kinds[Math.floor(dice() * kinds.length)]!;
      counts.set(name, (counts.get(name) ?? 0) + 1);
      await run(proxy.port(), dice);
    }
  };
  await Promise.all(Array.from({ length: options.bad }, slot));
  const report = await client.stop();
  const failed = failedRequests(report) + report.closedUnannounced;
  promise(broken, failed === 0, `${failed} requests or connections of good clients failed:\n${describeLoad(report)}`);
  const bad = [...counts.values()].reduce((sum, count) => sum + count, 0);
  return `${seconds.toFixed(0)} s: ${report.ok} good requests (longest ${report.latency.maxMs.toFixed(0)} ms), ${bad} bad clients`;
}

async function settled(proxy: RunningProxy): Promise<ProxyHoldings> {
  await pause(SETTLE_MS);
  return readHoldings(proxy);
}

function compare(before: ProxyHoldings, after: ProxyHoldings, broken: string[]): string[] {
  const lines: string[] = [];
  for (const [name, value] of after.active) {
    const was = before.active.get(name) ?? 0;
    // Pools keep a few idle connections to upstreams; how many differs with the last requests.
    const slack = /upstream_?c|timers/i.test(name) ? 16 : 0;
    promise(broken, value <= was + slack, `${name} grew from ${was} to ${value}`);
    if (value !== 0 || was !== 0) lines.push(`${name}: ${was} before, ${value} after`);
  }
  const limit = before.heapBytes * HEAP_SLACK.ratio + HEAP_SLACK.bytes;
  const [was, is] = [before.heapBytes, after.heapBytes].map((bytes) => (bytes / 1048576).toFixed(1));
  promise(broken, after.heapBytes <= limit, `the heap grew from ${was} to ${is} MiB`);
  return [...lines, `heap: ${was} MiB before, ${is} MiB after`];
}

if (import.meta.main) {
  await runFromCommandLine(() => soak(numberOptions({ seconds: 300, good: 8, bad: 16, workers: 2, seed: 1 })));
}
