/**
 * What being looked at costs: processor time of the proxy per request at a steady rate, in one run. Each measurement has its partner
 * before and after it, and a ratio is the median of those of the rounds, so that what the machine does meanwhile falls
 * out. Two promises: with the web page open in a browser at most 5 % more than with the page closed; and a proxy that remembers failed
 * requests and was watched before, but is not now, takes no more than one that never was, within 2 %, which is noise. Needs a machine with nothing
 * else to do.
 * `node bench/load/page-open.ts [--rate 10000] [--seconds 4] [--rounds 5]`
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
/** Of a page that is open. */
const MOST_MORE = 0.05;
/** Of a page that is not: what a median of few rounds can't tell from nothing. */
const NOISE = 0.02;
const SETTLE_MS = 2500;
const WARM_UPS = 5;
const UNWATCHED = "nobody watches";
/** What is open while is measured. */
const VIEWS = ["#/overview", "#/actors", "#/traffic", "#/connections", "#/errors", "#/config"] as const;

/** A measurement and its partner, in microseconds per request. */
interface Pair {
  readonly us: number;
  readonly partnerUs: number;
}

/** Measures everything in each round. Rejects when a proxy or the browser does not start, or a request fails. */
export async function pageOpen(options: PageOpenOptions): Promise<LoadRunOutcome> {
  const folder = mkdtempSync(path.join(tmpdir(), "troupe-page-open-"));
  const run = await Run.start(folder, options);
  try {
    const pairs = new Map<string, Pair[]>([UNWATCHED, ...VIEWS].map((name) => [name, []]));
    await run.warmUp();
    for (let round = 0; round < options.rounds; round++) {
      // Views first: what a page may have left behind shows in the proxy that nobody watches any more.
      for (const view of VIEWS) pairs.get(view)!.push(await run.openAndClosed(view));
      pairs.get(UNWATCHED)!.push(await run.unwatchedAndPlain());
    }
    return judge(pairs);
  } finally {
    await run.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

class Run {
  readonly #options: PageOpenOptions;
  readonly #folder: string;
  readonly #backend: Backend;
  /** As proxies are by default. */
  readonly #proxy: RunningProxy;
  /** Nobody ever looks at it, and it remembers nothing that could be looked at. */
  readonly #plain: RunningProxy;
  readonly #browser: Browser;

  private constructor(
    options: PageOpenOptions,
    folder: string,
    [backend, proxy, plain, browser]: readonly [Backend, RunningProxy, RunningProxy, Browser],
  ) {
    this.#options = options;
    this.#folder = folder;
    this.#backend = backend;
    this.#proxy = proxy;
    this.#plain = plain;
    this.#browser = browser;
  }

  static async start(folder: string, options: PageOpenOptions): Promise<Run> {
    const backend = await Backend.start(folder);
    const proxy = await startPinnedProxy(backend.port, []);
    const plain = await startPinnedProxy(backend.port, ["--failed-requests", "0"]);
    const browser = await startBrowser(pinnedChromium(folder));
    return new Run(options, folder, [backend, proxy, plain, browser]);
  }

  async stop(): Promise<void> {
    await this.#browser.close();
    await this.#proxy.kill();
    await this.#plain.kill();
    await this.#backend.stop();
  }

  /** A proxy gets faster with its first hundred thousands of requests: both shall have had them. */
  async warmUp(): Promise<void> {
    for (let i = 0; i < WARM_UPS; i++) {
      await this.#measure(this.#proxy);
      await this.#measure(this.#plain);
    }
  }

  openAndClosed(view: string): Promise<Pair> {
    return between(
      () => this.#measure(this.#proxy),
      () => this.#measureOpen(view),
    );
  }

  unwatchedAndPlain(): Promise<Pair> {
    return between(
      () => this.#measure(this.#plain),
      () => this.#measure(this.#proxy),
    );
  }

  async #measureOpen(view: string): Promise<number> {
    const watched = await WatchedPage.open(this.#browser, this.#proxy.adminPort, view);
    try {
      // What is asked for once, as the view opens, is not what an open page costs.
      await pause(SETTLE_MS);
      return await this.#measure(this.#proxy);
    } finally {
      await watched.close();
    }
  }

  /** Processor time of the whole proxy per request, in microseconds. */
  async #measure(proxy: RunningProxy): Promise<number> {
    const { rate, seconds } = this.#options;
    const pid = proxy.child.pid ?? 0;
    const before = readProcessUsage(pid).cpuUs;
    const { requests, badStatus } = await runFixedRateLoad({
      port: proxy.port(),
      target: "/",
      connections: CONNECTIONS,
      requestsPerSecond: rate,
      seconds,
      folder: this.#folder,
    });
    if (badStatus > 0) throw new Error(`${badStatus} of ${requests} requests failed`);
    return (readProcessUsage(pid).cpuUs - before) / requests;
  }
}

function startPinnedProxy(backendPort: number, args: readonly string[]): Promise<RunningProxy> {
  return startProxy({
    config: proxyConfig({
      virtualHosts: [{ name: "all", domains: ["*"], routes: [prefixRoute("/", "backend")] }],
      clusters: [staticCluster("backend", [backendPort])],
    }),
    args,
    prefix: ["taskset", "-c", String(PROXY_CORE)],
  });
}

/** A program that starts Chromium on the core of the load, away from the proxy, and lets the load go first. */
function pinnedChromium(folder: string): (chromium: string) => string {
  return (chromium) => {
    const script = path.join(folder, "chromium");
    writeFileSync(script, `#!/bin/sh\nexec taskset -c ${LOAD_CORE} nice -n 10 '${chromium}' "$@"\n`);
    chmodSync(script, 0o755);
    return script;
  };
}

/** The partner is measured before and after: what the machine drifts by meanwhile falls out. */
async function between(partner: () => Promise<number>, measured: () => Promise<number>): Promise<Pair> {
  const beforeUs = await partner();
  const us = await measured();
  return { us, partnerUs: (beforeUs + (await partner())) / 2 };
}

function judge(pairs: ReadonlyMap<string, readonly Pair[]>): LoadRunOutcome {
  const broken: string[] = [];
  const lines = [...pairs].map(([name, measured]) => {
    const ratios = measured.map(({ us, partnerUs }) => us / partnerUs);
    const ratio = median(ratios);
    const [us, partnerUs] = [median(measured.map((pair) => pair.us)), median(measured.map((pair) => pair.partnerUs))];
    const what = name === UNWATCHED ? name : `page open at ${name}`;
    const than = name === UNWATCHED ? "a proxy that never was watched" : "page closed";
    const most = name === UNWATCHED ? NOISE : MOST_MORE;
    promise(broken, ratio <= 1 + most, `${what}: ${((ratio - 1) * 100).toFixed(1)} % more processor time`);
    const range = `${Math.min(...ratios).toFixed(3)} to ${Math.max(...ratios).toFixed(3)}`;
    return `${what}: ratio ${ratio.toFixed(3)} (${range}); ${us.toFixed(1)} µs per request, ${than} ${partnerUs.toFixed(1)} µs`;
  });
  return { lines, broken };
}

if (import.meta.main) {
  await runFromCommandLine(() => pageOpen(numberOptions({ rate: 10_000, seconds: 4, rounds: 5 })));
}
