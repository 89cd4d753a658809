import { rename, writeFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { stringify } from "yaml";
import { RunningProxy } from "../../test/harness/start-proxy.ts";
import type { BenchCase, BenchContext, BenchNumbers, BenchRound } from "../bench-case.ts";
import { type ChangeSeen, ChangeWatch } from "../change-watch.ts";
import { LoopStalls } from "../loop-stalls.ts";
import { MarkerServer } from "../marker-server.ts";
import { median } from "../median.ts";
import { ON_ALL_CORES } from "../pinned-process.ts";
import { readProcessUsage } from "../process-usage.ts";
import { type BootstrapJson, prefixRoute, proxyConfig, staticCluster } from "../troupe-config.ts";

const CLUSTERS = 10_000;
const CHANGED = 5000;
const STEADY = 1;
const WORKERS = 2;
/** Changes of one kind in a round. */
const CHANGES = 4;
const DEADLINE_MS = 20_000;
/** What the start leaves behind, such as code to compile and garbage to collect, is not the change's. */
const STARTED_AFTER_MS = 3000;
const SETTLED_AFTER_MS = 100;

/** 10,000 clusters, each behind a host name of its own, as YAML and as JSON: start, and change of one endpoint. */
export const MANY_CLUSTERS_CASES: readonly BenchCase[] = [manyClustersCase("yaml"), manyClustersCase("json")];

function manyClustersCase(format: "yaml" | "json"): BenchCase {
  return {
    name: `clusters-10000-${format}`,
    description:
      `10,000 clusters, each with a virtual host of its own, in ${format.toUpperCase()}, 2 workers: time from start to ` +
      "ready; some seconds later the endpoint of one cluster changes, by `POST /config/reload` and by renaming a file into place: time " +
      "until every connection on every worker gets the new answer, the longest time that a worker's event loop stood still, and " +
      "the longest wait of a request to another cluster.",
    peers: ["troupe"],
    columns: [
      { key: "readyMs", title: "ready ms" },
      { key: "postEffectMs", title: "POST to effect ms" },
      { key: "renameEffectMs", title: "rename to effect ms" },
      { key: "workerStallMs", title: "longest stall of a worker ms", digits: 1 },
      { key: "longestWaitMs", title: "longest wait of another request ms", digits: 1 },
      { key: "ownStallMs", title: "of the observer itself ms", digits: 1 },
      { key: "peakMiB", title: "peak memory MiB", digits: 1 },
    ],
    async run(context) {
      const rounds: BenchRound[] = [];
      for (let round = 0; round < context.options.rounds; round += 1) {
        const numbers = await measure(format, context);
        rounds.push({ peer: "troupe", round, numbers });
        const shown = Object.entries(numbers).map(([name, value]) => `${name} ${value.toFixed(1)}`);
        context.progress(`round ${round + 1}: ${shown.join(", ")}`);
      }
      return rounds;
    },
  };
}

async function measure(format: "yaml" | "json", context: BenchContext): Promise<BenchNumbers> {
  const [serverA, serverB] = [await MarkerServer.start("A"), await MarkerServer.start("B")];
  const [configA, configB] = [serverA, serverB].map((server) => render(format, serverA.port, server.port));
  if (configA === undefined || configB === undefined) throw new Error("two configurations are needed");
  const stalls = new LoopStalls(context.folder);
  const startMs = performance.now();
  const proxy = RunningProxy.spawn({
    env: stalls.env,
    config: configA,
    configName: `config.${format}`,
    concurrency: WORKERS,
    watch: true,
    prefix: ON_ALL_CORES,
  });
  try {
    await proxy.waitUntilReady(DEADLINE_MS);
    const readyMs = performance.now() - startMs;
    await proxy.refreshPorts();
    await pause(STARTED_AFTER_MS);
    const watch = await ChangeWatch.start(proxy.port(), hostOf(CHANGED), hostOf(STEADY));
    const watchedSinceMs = Date.now();
    const posts: ChangeSeen[] = [];
    const renames: ChangeSeen[] = [];
    for (let change = 0; change < CHANGES; change += 1) {
      const next = `${proxy.configPath}.next`;
      await prepareFile(next, configB);
      renames.push(await watch.observe(() => rename(next, proxy.configPath), "B", DEADLINE_MS));
      // The watcher of the file sees this one too, after its pause for debouncing: the POST is ahead of it.
      await prepareFile(next, configA);
      await rename(next, proxy.configPath);
      posts.push(await watch.observe(() => post(proxy), "A", DEADLINE_MS));
    }
    await watch.stop();
    const all = [...posts, ...renames];
    const own = all.map((seen) => seen.ownStallMs);
    return {
      readyMs,
      postEffectMs: median(posts.map((seen) => seen.effectMs)),
      postEffectLongestMs: Math.max(...posts.map((seen) => seen.effectMs)),
      renameEffectMs: median(renames.map((seen) => seen.effectMs)),
      renameEffectLongestMs: Math.max(...renames.map((seen) => seen.effectMs)),
      workerStallMs: stalls.longestMs(watchedSinceMs),
      longestWaitMs: Math.max(...all.map((seen) => seen.longestWaitMs)),
      ownStallMs: Math.max(...own),
      peakMiB: readProcessUsage(proxy.child.pid ?? 0).peakBytes / (1024 * 1024),
    };
  } catch (error) {
    context.progress(proxy.logs.slice(-2000));
    throw error;
  } finally {
    await proxy.kill();
    serverA.stop();
    serverB.stop();
  }
}

/** Writes the file and lets what that delayed in this process pass: it is none of the proxy's stalls. */
async function prepareFile(path: string, text: string): Promise<void> {
  await writeFile(path, text);
  await pause(SETTLED_AFTER_MS);
}

async function post(proxy: RunningProxy): Promise<void> {
  const { status, body } = await proxy.post("/config/reload", undefined, DEADLINE_MS);
  if (status !== 200) throw new Error(`the reload was refused with ${status}: ${body}`);
}

function render(format: "yaml" | "json", port: number, changedPort: number): string {
  const config = manyClusters(port, changedPort);
  return format === "json" ? JSON.stringify(config, undefined, 1) : stringify(config, { aliasDuplicateObjects: false });
}

function manyClusters(port: number, changedPort: number): BootstrapJson {
  const indexes = Array.from({ length: CLUSTERS }, (_, index) => index);
  return proxyConfig({
    clusters: indexes.map((index) => staticCluster(`c${index}`, [index === CHANGED ? changedPort : port])),
    virtualHosts: indexes.map((index) => ({
      name: `host-${index}`,
      domains: [hostOf(index)],
      routes: [prefixRoute("/", `c${index}`)],
    })),
  });
}

function hostOf(index: number): string {
  return `c${index}.test`;
}
