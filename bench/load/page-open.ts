/**
 * What an open web page costs: processor time of the proxy per request at a steady rate, with the page closed and open in turn, all in one
 * run. Promise: at most 5 % more with the page open. Needs a machine with nothing else to do.
 * `node bench/load/page-open.ts [--rate 10000] [--seconds 5] [--rounds 5]`
 */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Browser } from "playwright-core";
import { startBrowser, WatchedPage } from "../../test/harness/browser.ts";
import { type RunningProxy, startProxy } from "../../test/harness/start-proxy.ts";
import { Backend } from "../backend.ts";
import { runFixedRateLoad } from "../fixed-rate-load.ts";
import { median } from "../median.ts";
import { LOAD_CORE, PROXY_CORE } from "../pinned-process.ts";
import { readProcessUsage } from "../process-usage.ts";
import { prefixRoute, proxyConfig, staticCluster } from "../troupe-config.ts";
import { type LoadRunOutcome, numberOptions, pause, promise, runFromCommandLine } from "./load-run.ts";

/** How much load, how long each measurement takes, and how often all are made. */
export interface PageOpenOptions {
  /** Requests per second. */
  readonly rate: number;
  readonly seconds: number;
  readonly rounds: number;
}

const CONNECTIONS = 32;
const MOST_MORE = 0.05;
const SETTLE_MS = 2500;
/** What is open while is measured; `""` is nothing. */
const VIEWS = ["", "#/overview", "#/actors", "#/traffic", "#/connections", "#/errors"] as const;

/** Measures each view in each round, in turn forwards and backwards. Rejects when the proxy or the browser does not start. */
export async function pageOpen(options: PageOpenOptions): Promise<LoadRunOutcome> {
  const folder = mkdtempSync(path.join(tmpdir(), "troupe-page-open-"));
  const backend = await Backend.start(folder);
  const proxy = await startProxy({
    config: proxyConfig({
      virtualHosts: [{ name: "all", domains: ["*"], routes: [prefixRoute("/", "backend")] }],
      clusters: [staticCluster("backend", [backend.port])],
    }),
    prefix: ["taskset", "-c", String(PROXY_CORE)],
  });
  const browser = await startBrowser(pinnedChromium(folder));
  try {
    const perView = new Map<string, number[]>(VIEWS.map((view) => [view, []]));
    await measure(proxy, options, folder);
    for (let round = 0; round < options.rounds; round++) {
      for (const view of round % 2 === 0 ? VIEWS : VIEWS.toReversed()) {
        perView.get(view)!.push(await measureView(view, browser, proxy, options, folder));
      }
    }
    return judge(perView);
  } finally {
    await browser.close();
    await proxy.kill();
    await backend.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A program that starts Chromium on the core of the load, away from the proxy. */
function pinnedChromium(folder: string): (chromium: string) => string {
  return (chromium) => {
    const script = path.join(folder, "chromium");
    writeFileSync(script, `#!/bin/sh\nexec taskset -c ${LOAD_CORE} '${chromium}' "$@"\n`);
    chmodSync(script, 0o755);
    return script;
  };
}

async function measureView(
  view: string,
  browser: Browser,
  proxy: RunningProxy,
  options: PageOpenOptions,
  folder: string,
): Promise<number> {
  if (view === "") return measure(proxy, options, folder);
  const watched = await WatchedPage.open(browser, proxy.adminPort, view);
  try {
    // What is asked for once, as the view opens, is not what an open page costs.
    await pause(SETTLE_MS);
    return await measure(proxy, options, folder);
  } finally {
    await watched.close();
  }
}

/** Processor time of the whole proxy per request, in microseconds. */
async function measure(proxy: RunningProxy, { rate, seconds }: PageOpenOptions, folder: string): Promise<number> {
  const pid = proxy.child.pid ?? 0;
  const before = readProcessUsage(pid).cpuUs;
  const { requests, badStatus } = await runFixedRateLoad({
    port: proxy.port(),
    target: "/",
    connections: CONNECTIONS,
    requestsPerSecond: rate,
    seconds,
    folder,
  });
  if (badStatus > 0) throw new Error(`${badStatus} of ${requests} requests failed`);
  return (readProcessUsage(pid).cpuUs - before) / requests;
}

function judge(perView: ReadonlyMap<string, readonly number[]>): LoadRunOutcome {
  const closedUs = median(perView.get("")!);
  const broken: string[] = [];
  const lines = [...perView].map(([view, values]) => {
    const us = median(values);
    const more = us / closedUs - 1;
    const name = view === "" ? "page closed" : `page open at ${view}`;
    promise(broken, more <= MOST_MORE, `${name}: ${(more * 100).toFixed(1)} % more processor time`);
    const range = `${Math.min(...values).toFixed(1)} to ${Math.max(...values).toFixed(1)}`;
    return `${name}: ${us.toFixed(1)} µs per request (${range}), ${more >= 0 ? "+" : ""}${(more * 100).toFixed(1)} %`;
  });
  return { lines, broken };
}

if (import.meta.main) {
  await runFromCommandLine(() => pageOpen(numberOptions({ rate: 10_000, seconds: 5, rounds: 5 })));
}
