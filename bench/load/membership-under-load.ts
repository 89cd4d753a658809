/**
 * Updates the file of an EDS cluster while keep-alive connections are busy; hosts come, go and change weight, one stays. Promise: no
 * request fails, and no connection to the host that stays is closed.
 * `node bench/load/membership-under-load.ts [--connections 32] [--updates 1000] [--workers 2]`
 */
import { renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { LoadClient } from "../../test/harness/load-client.ts";
import { describeLoad, failedRequests } from "../../test/harness/load-report.ts";
import { RunningProxy } from "../../test/harness/start-proxy.ts";
import { MarkerServer } from "../marker-server.ts";
import { prefixRoute, proxyConfig, socketAddress } from "../troupe-config.ts";
import { type LoadRunOutcome, numberOptions, promise, runFromCommandLine } from "./load-run.ts";

/** How long the run is, and how busy the proxy is kept meanwhile. */
export interface MembershipUnderLoadOptions {
  readonly connections: number;
  readonly updates: number;
  readonly workers: number;
}

const READY_MS = 15_000;
const EFFECT_LIMIT_MS = 5000;
const FILE = "endpoints.json";

/** Runs the load and the updates. Rejects when the proxy does not start or an update is not taken over in time. */
export async function membershipUnderLoad(options: MembershipUnderLoadOptions): Promise<LoadRunOutcome> {
  const servers = await Promise.all(["stays", "a", "b", "c"].map((marker) => MarkerServer.start(marker)));
  const ports = servers.map(({ port }) => port);
  const proxy = RunningProxy.spawn({
    config: edsConfig(),
    files: { [FILE]: assignment(0, ports) },
    concurrency: options.workers,
  });
  const broken: string[] = [];
  try {
    await proxy.waitUntilReady(READY_MS);
    await proxy.refreshPorts();
    const client = await LoadClient.start({ port: proxy.port(), connections: options.connections });
    for (let update = 1; update <= options.updates; update += 1) {
      const next = path.join(proxy.folder, `${FILE}.next`);
      writeFileSync(next, assignment(update, ports));
      renameSync(next, path.join(proxy.folder, FILE));
      const successes = async () => (await proxy.stats("cluster.app.update_success")).get("cluster.app.update_success");
      await proxy.until(`update ${update}`, async () => ((await successes()) ?? 0) > update, EFFECT_LIMIT_MS);
    }
    const stats = await proxy.stats("cluster.app.(membership_change|update_rejected)");
    const report = await client.stop();
    promise(broken, failedRequests(report) === 0, `${failedRequests(report)} requests failed`);
    const closed = report.connectionsOpened - options.connections;
    promise(broken, closed === 0, `${closed} client connections were closed and opened anew`);
    const touched = servers[0]?.closedCount ?? -1;
    promise(broken, touched === 0, `${touched} connections to the host that stays were closed`);
    promise(broken, stats.get("cluster.app.update_rejected") === 0, "an update was refused");
    const changes = stats.get("cluster.app.membership_change");
    return { lines: [`${options.updates} updates, ${changes} changes of the host set`, describeLoad(report)], broken };
  } finally {
    await proxy.kill();
    for (const server of servers) server.stop();
  }
}

function edsConfig(): object {
  const cluster = {
    name: "app",
    type: "EDS",
    eds_cluster_config: { eds_config: { path_config_source: { path: FILE } }, service_name: "service" },
  };
  return proxyConfig({
    virtualHosts: [{ name: "all", domains: ["*"], routes: [prefixRoute("/", "app")] }],
    clusters: [cluster],
  });
}

/** The first host stays as it is; each update has others of the rest, with other weights. */
function assignment(update: number, [stays = 0, ...others]: readonly number[]): string {
  const present = others.filter((_, index) => ((update + 1) >> index) % 2 === 1);
  const endpoints = [stays, ...present].map((port, index) => ({
    endpoint: { address: socketAddress(port) },
    load_balancing_weight: index === 0 ? 1 : 1 + (update % 3),
  }));
  const resource = {
    "@type": "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment",
    cluster_name: "service",
    endpoints: [{ lb_endpoints: endpoints }],
  };
  return JSON.stringify({ version_info: String(update), resources: [resource] });
}

if (import.meta.main) {
  await runFromCommandLine(() => membershipUnderLoad(numberOptions({ connections: 32, updates: 1000, workers: 2 })));
}
