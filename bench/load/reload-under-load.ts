/**
 * Reloads while 64 keep-alive connections are busy; each reload changes routes and endpoints. Promise: no request fails
 * and no connection is closed. `node bench/load/reload-under-load.ts [--connections 64] [--reloads 200] [--workers 2]`
 */
import { adminRequest } from "../../test/harness/admin-request.ts";
import { LoadClient } from "../../test/harness/load-client.ts";
import { describeLoad, failedRequests } from "../../test/harness/load-report.ts";
import { startProxy } from "../../test/harness/start-proxy.ts";
import { MarkerServer } from "../marker-server.ts";
import { type BootstrapJson, prefixRoute, proxyConfig, staticCluster } from "../troupe-config.ts";
import { type LoadRunOutcome, numberOptions, promise, runFromCommandLine } from "./load-run.ts";

/** How long the run is, and how busy the proxy is kept meanwhile. */
export interface ReloadUnderLoadOptions {
  readonly connections: number;
  readonly reloads: number;
  readonly workers: number;
}

/** Longest time that a reload may take until a new connection sees it, in a test with busy cores. */
const EFFECT_LIMIT_MS = 5000;

/** Runs the load and the reloads. Rejects when the proxy does not start or refuses a configuration. */
export async function reloadUnderLoad(options: ReloadUnderLoadOptions): Promise<LoadRunOutcome> {
  const servers = await Promise.all(["a", "b", "c"].map((marker) => MarkerServer.start(marker)));
  const ports = servers.map((server) => server.port);
  const proxy = await startProxy({ config: versionConfig(0, ports), concurrency: options.workers });
  const broken: string[] = [];
  try {
    const client = await LoadClient.start({ port: proxy.port(), connections: options.connections, request });
    const durations: number[] = [];
    for (let version = 1; version <= options.reloads; version += 1) {
      const startMs = performance.now();
      const answer = await proxy.reload(versionConfig(version, ports));
      durations.push(performance.now() - startMs);
      if (answer.status !== 200) throw new Error(`reload ${version} was refused with ${answer.status}: ${answer.body}`);
      const seen = await versionSeen(proxy.port());
      promise(broken, seen === version, `after reload ${version} a new connection sees version ${seen}`);
    }
    const report = await client.stop();
    promise(broken, failedRequests(report) === 0, `${failedRequests(report)} requests failed`);
    const closed = report.connectionsOpened - options.connections;
    promise(broken, closed === 0, `${closed} connections were closed and opened anew`);
    promise(broken, !proxy.exited, "the proxy ended");
    durations.sort((a, b) => a - b);
    const middle = durations[durations.length >> 1] ?? 0;
    return {
      lines: [
        `${options.reloads} reloads, median ${middle.toFixed(1)} ms, longest ${durations.at(-1)?.toFixed(1)} ms`,
        describeLoad(report),
      ],
      broken,
    };
  } finally {
    await proxy.kill();
    for (const server of servers) server.stop();
  }
}

const PATHS = ["/", "/api/items", "/moving/x", "/api/items?page=2"];
const REQUESTS = PATHS.map((path) => ({ bytes: Buffer.from(`GET ${path} HTTP/1.1\r\nhost: load.test\r\n\r\n`) }));

function request(slot: number, sequence: number): { readonly bytes: Buffer } {
  return REQUESTS[(slot + sequence) % REQUESTS.length]!;
}

/** Each version answers its number at `/version`, has another list of routes, and other endpoints in two clusters. */
function versionConfig(version: number, ports: readonly number[]): BootstrapJson {
  const some = ports.filter((_, index) => index !== version % ports.length);
  const only = ports[version % ports.length]!;
  const extra = Array.from({ length: version % 5 }, (_, index) => prefixRoute(`/extra-${version}-${index}/`, "stable"));
  const routes = [
    { match: { path: "/version" }, direct_response: { status: 200, body: { inline_string: String(version) } } },
    ...extra,
    prefixRoute("/moving/", version % 2 === 0 ? "changing" : "single"),
    prefixRoute("/api/", "changing"),
    prefixRoute("/", "stable"),
  ];
  return proxyConfig({
    virtualHosts: [{ name: "all", domains: ["*"], routes }],
    clusters: [staticCluster("stable", ports), staticCluster("changing", some), staticCluster("single", [only])],
  });
}

async function versionSeen(port: number): Promise<number> {
  const answer = await adminRequest({ port, path: "/version", deadlineMs: EFFECT_LIMIT_MS });
  return answer.status === 200 ? Number(answer.body) : Number.NaN;
}

if (import.meta.main) {
  await runFromCommandLine(() => reloadUnderLoad(numberOptions({ connections: 64, reloads: 200, workers: 2 })));
}
