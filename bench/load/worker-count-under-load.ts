/**
 * Changes the number of workers while 64 keep-alive connections are busy. Promise: no request fails, and a connection
 * ends only after a whole response that announced it with `Connection: close`.
 * `node bench/load/worker-count-under-load.ts [--connections 64] [--changes 20] [--pause-ms 300]`
 */
import { LoadClient } from "../../test/harness/load-client.ts";
import { describeLoad, failedRequests } from "../../test/harness/load-report.ts";
import { startProxy } from "../../test/harness/start-proxy.ts";
import { MarkerServer } from "../marker-server.ts";
import { prefixRoute, proxyConfig, staticCluster } from "../troupe-config.ts";
import { type LoadRunOutcome, numberOptions, pause, promise, runFromCommandLine } from "./load-run.ts";

/** How long the run is, and how busy the proxy is kept meanwhile. */
export interface WorkerCountUnderLoadOptions {
  readonly connections: number;
  readonly changes: number;
  /** Between a change that is done and the next. */
  readonly "pause-ms": number;
}

/** Numbers of workers, each unlike the one before. */
const COUNTS = [4, 2, 3, 1];
/** Clients that never leave would all end up on the worker that never leaves. */
const REQUESTS_PER_CONNECTION = 100;

/** Runs the load and the changes. Rejects when the proxy does not start or refuses a change. */
export async function workerCountUnderLoad(options: WorkerCountUnderLoadOptions): Promise<LoadRunOutcome> {
  const server = await MarkerServer.start("ok");
  const config = proxyConfig({
    virtualHosts: [{ name: "all", domains: ["*"], routes: [prefixRoute("/", "app")] }],
    clusters: [staticCluster("app", [server.port])],
  });
  // The drain time is short so that the run is; a connection that is busy meets its `Connection: close` at once.
  const proxy = await startProxy({ config, args: ["--drain-time-s", "5", "--drain-strategy", "immediate"] });
  const broken: string[] = [];
  try {
    const client = await LoadClient.start({
      port: proxy.port(),
      connections: options.connections,
      requestsPerConnection: REQUESTS_PER_CONNECTION,
    });
    for (let change = 0; change < options.changes; change += 1) {
      const count = COUNTS[change % COUNTS.length]!;
      const answer = await proxy.post(`/workers?count=${count}`, undefined, 30_000);
      if (answer.status !== 200) throw new Error(`a change to ${count} workers: ${answer.status} ${answer.body}`);
      const seen = await concurrency(() => proxy.admin("/workers?format=json"));
      promise(broken, seen === count, `after a change to ${count} workers there are ${seen}`);
      await pause(options["pause-ms"]);
    }
    const report = await client.stop();
    promise(broken, failedRequests(report) === 0, `${failedRequests(report)} requests failed`);
    const unannounced = report.closedUnannounced;
    promise(broken, unannounced === 0, `${unannounced} connections ended without announcement`);
    promise(broken, report.closedAnnounced > 0, "no connection was told to leave: the run shows nothing");
    return { lines: [`${options.changes} changes of the number of workers`, describeLoad(report)], broken };
  } finally {
    await proxy.kill();
    server.stop();
  }
}

async function concurrency(ask: () => Promise<{ readonly body: string }>): Promise<number> {
  const answer = await ask();
  return (JSON.parse(answer.body) as { concurrency: number }).concurrency;
}

if (import.meta.main) {
  await runFromCommandLine(() =>
    workerCountUnderLoad(numberOptions({ connections: 64, changes: 20, "pause-ms": 300 })),
  );
}
