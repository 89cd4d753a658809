/**
 * Crashes one of two workers while 64 keep-alive connections are busy. Promise: only that worker's connections end, new
 * connections are served all the time, the worker comes back, no counter goes back.
 * `node bench/load/crash-one-worker.ts [--connections 64] [--crashes 3]`
 */
import { LoadClient } from "../../test/harness/load-client.ts";
import { describeLoad, failedRequests, type LoadReport } from "../../test/harness/load-report.ts";
import { type RunningProxy, startProxy } from "../../test/harness/start-proxy.ts";
import { MarkerServer } from "../marker-server.ts";
import { prefixRoute, proxyConfig, staticCluster } from "../troupe-config.ts";
import { type LoadRunOutcome, numberOptions, pause, promise, runFromCommandLine } from "./load-run.ts";

/** How long the run is, and how many connections look on. */
export interface CrashOneWorkerOptions {
  readonly connections: number;
  readonly crashes: number;
}

interface WorkersAnswer {
  readonly workers: readonly {
    readonly name: string;
    readonly status: string;
    readonly connections: number;
    readonly restarts: number;
  }[];
}

const WORKER = "worker-1";
const REQUESTS_STAT = "http.ingress.downstream_rq_total";
const RESTART_LIMIT_MS = 5000;

/** Runs the load and the crashes. Rejects when the proxy does not start or does not know the worker. */
export async function crashOneWorker(options: CrashOneWorkerOptions): Promise<LoadRunOutcome> {
  const server = await MarkerServer.start("ok");
  const config = proxyConfig({
    virtualHosts: [{ name: "all", domains: ["*"], routes: [prefixRoute("/", "app")] }],
    clusters: [staticCluster("app", [server.port])],
  });
  const proxy = await startProxy({ config, concurrency: 2 });
  const broken: string[] = [];
  const lines: string[] = [];
  try {
    for (let crash = 1; crash <= options.crashes; crash += 1) {
      // New connections each time: those of the time before are all on the other worker now.
      const client = await LoadClient.start({ port: proxy.port(), connections: options.connections });
      lines.push(await crashOnce(proxy, client, crash, broken));
      lines.push(describeLoad(await client.stop()));
    }
    return { lines, broken };
  } finally {
    await proxy.kill();
    server.stop();
  }
}

async function crashOnce(proxy: RunningProxy, client: LoadClient, crash: number, broken: string[]): Promise<string> {
  // Long enough for a report of each worker, with the number of its connections.
  await pause(1500);
  const victims = (await workerNamed(proxy)).connections;
  const requestsBefore = (await proxy.stats(REQUESTS_STAT)).get(REQUESTS_STAT) ?? 0;
  const before = client.report();
  promise(broken, victims > 0, `crash ${crash} shows nothing: the worker had no connection`);
  const answer = await proxy.post(`/actors/${WORKER}/crash`);
  if (answer.status !== 200) throw new Error(`the crash was refused with ${answer.status}: ${answer.body}`);
  const restartMs = await restarted(proxy, crash);
  const lost = lostConnections(client.report()) - lostConnections(before);
  promise(broken, lost <= victims, `crash ${crash} cost ${lost} connections, and the worker had ${victims}`);
  // The process is whole again: from here on nothing may go wrong.
  const settled = client.report();
  await pause(1000);
  const after = client.report();
  const late = failedRequests(after) - failedRequests(settled);
  promise(broken, late === 0, `${late} requests failed after the worker was back from crash ${crash}`);
  promise(broken, after.ok > settled.ok, `no request went well after crash ${crash}`);
  const refused = after.failures.refused - before.failures.refused;
  promise(broken, refused === 0, `${refused} new connections were refused at crash ${crash}`);
  const requestsAfter = (await proxy.stats(REQUESTS_STAT)).get(REQUESTS_STAT) ?? 0;
  promise(broken, requestsAfter >= requestsBefore, `${REQUESTS_STAT} fell from ${requestsBefore} to ${requestsAfter}`);
  return `crash ${crash}: ${lost} of ${victims} connections of ${WORKER} lost, back after ${restartMs.toFixed(0)} ms`;
}

/** Connections that ended without announcement, busy or idle. */
function lostConnections(report: LoadReport): number {
  const { failures } = report;
  return failures["closed-before-response"] + failures["closed-mid-response"] + report.closedUnannounced;
}

async function workerNamed(proxy: RunningProxy): Promise<WorkersAnswer["workers"][number]> {
  const answer = JSON.parse((await proxy.admin("/workers?format=json")).body) as WorkersAnswer;
  const worker = answer.workers.find(({ name }) => name === WORKER);
  if (worker === undefined) throw new Error(`no ${WORKER} in ${JSON.stringify(answer)}`);
  return worker;
}

async function restarted(proxy: RunningProxy, restarts: number): Promise<number> {
  const startMs = performance.now();
  for (;;) {
    const worker = await workerNamed(proxy);
    const passedMs = performance.now() - startMs;
    if (worker.status === "running" && worker.restarts >= restarts) return passedMs;
    if (passedMs > RESTART_LIMIT_MS)
      throw new Error(`not back after ${RESTART_LIMIT_MS} ms: ${JSON.stringify(worker)}`);
    await pause(20);
  }
}

if (import.meta.main) {
  await runFromCommandLine(() => crashOneWorker(numberOptions({ connections: 64, crashes: 3 })));
}
