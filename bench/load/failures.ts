/**
 * Three upstreams, each a process of its own, behind a proxy with active health checks, outlier detection and one retry. While keep-alive
 * connections are busy, one upstream after the other is killed, hangs, resets its responses in the middle of their bodies and answers 500, and
 * comes back. Promise: at most 0.1 % of the requests of each phase fail, and the upstream is out of use, and in use again, in time.
 * `npm run bench -- failures [--connections 64] [--workers 2] [--seconds 20] [--fault-seconds 3]`
 */
import { LoadClient } from "../../test/harness/load-client.ts";
import { failedRequests, type LoadReport } from "../../test/harness/load-report.ts";
import { type RunningProxy, startProxy } from "../../test/harness/start-proxy.ts";
import { proxyConfig, staticCluster } from "../troupe-config.ts";
import { FaultyUpstream } from "./faulty-upstream.ts";
import { type LoadRunOutcome, numberOptions, pause, promise, runFromCommandLine } from "./load-run.ts";

/** How long each phase is, and how busy the proxy is kept meanwhile. */
export interface FailuresOptions {
  readonly connections: number;
  readonly workers: number;
  /** Of the load of each phase. */
  readonly seconds: number;
  /** From the beginning of the fault to its end. */
  readonly "fault-seconds": number;
}

interface Fault {
  readonly name: string;
  begin(upstream: FaultyUpstream): Promise<void>;
  end(upstream: FaultyUpstream): Promise<void>;
}

interface Phase {
  readonly report: LoadReport;
  /** From the beginning of the fault to the first sight of the host out of use; null = it never was. */
  readonly ejectedAfterMs: number | null;
  /** From the end of the fault to the first request that the host got again; null = it got none. */
  readonly returnedAfterMs: number | null;
}

const MOST_FAILED = 0.001;
const UPSTREAMS = 3;
const POLL_MS = 5;
/** Before the fault, so that all connections are there. */
const WARM_UP_MS = 1000;

const FAULTS: readonly Fault[] = [
  { name: "killed", begin: (upstream) => upstream.kill(), end: (upstream) => upstream.restart() },
  { name: "hangs", begin: async (upstream) => upstream.stop(), end: async (upstream) => upstream.continue() },
  {
    name: "resets mid-body",
    begin: (upstream) => upstream.setMode("resetMidBody"),
    end: (upstream) => upstream.setMode("ok"),
  },
  { name: "answers 500", begin: (upstream) => upstream.setMode("errors"), end: (upstream) => upstream.setMode("ok") },
];

/** Runs all faults. Rejects when the proxy or an upstream does not start. */
export async function failures(options: FailuresOptions): Promise<LoadRunOutcome> {
  const upstreams = await Promise.all(Array.from({ length: UPSTREAMS }, () => FaultyUpstream.start()));
  const proxy = await startProxy({
    config: failuresConfig(upstreams.map(({ port }) => port)),
    concurrency: options.workers,
  });
  const broken: string[] = [];
  const lines = [row(["fault", "requests", "failed", "%", "out after ms", "back after ms", "p99 ms", "max ms"])];
  try {
    for (const [at, fault] of FAULTS.entries()) {
      const phase = await runPhase(proxy, fault, upstreams[at % UPSTREAMS]!, options);
      lines.push(describe(fault, phase));
      judge(fault, phase, broken);
    }
    promise(broken, !proxy.exited, "the proxy ended");
    return { lines, broken };
  } finally {
    await proxy.kill();
    await Promise.all(upstreams.map((upstream) => upstream.kill()));
  }
}

async function runPhase(
  proxy: RunningProxy,
  fault: Fault,
  upstream: FaultyUpstream,
  options: FailuresOptions,
): Promise<Phase> {
  const client = await LoadClient.start({ port: proxy.port(), connections: options.connections });
  await pause(WARM_UP_MS);
  await proxy.until("all hosts in use", async () => (await healthyHosts(proxy)) === UPSTREAMS, 30_000);
  const beganMs = performance.now();
  const faultMs = options["fault-seconds"] * 1000;
  await fault.begin(upstream);
  const ejectedAfterMs = await waitFor(beganMs, faultMs, async () => (await healthyHosts(proxy)) < UPSTREAMS);
  await pause(Math.max(0, beganMs + faultMs - performance.now()));
  // The last of what was under way when it went out of use has ended by now: what comes later is new.
  const before = await requestsOf(proxy, upstream);
  const endedMs = performance.now();
  await fault.end(upstream);
  const leftMs = beganMs + options.seconds * 1000 - endedMs;
  const isBack = async () => (await healthyHosts(proxy)) === UPSTREAMS && (await requestsOf(proxy, upstream)) > before;
  const returnedAfterMs = await waitFor(endedMs, leftMs, isBack);
  await pause(Math.max(0, endedMs + leftMs - performance.now()));
  return { report: await client.stop(), ejectedAfterMs, returnedAfterMs };
}

/** How long after `fromMs` the condition came true; null if it did not within `deadlineMs`. */
async function waitFor(fromMs: number, deadlineMs: number, isTrue: () => Promise<boolean>): Promise<number | null> {
  while (performance.now() - fromMs < deadlineMs) {
    if (await isTrue()) return performance.now() - fromMs;
    await pause(POLL_MS);
  }
  return null;
}

async function healthyHosts(proxy: RunningProxy): Promise<number> {
  return (await proxy.stats("cluster.app.membership_healthy")).get("cluster.app.membership_healthy") ?? 0;
}

async function requestsOf(proxy: RunningProxy, { port }: FaultyUpstream): Promise<number> {
  const { body } = await proxy.admin("/clusters");
  return Number(new RegExp(`^app::127\\.0\\.0\\.1:${port}::rq_total::(\\d+)$`, "m").exec(body)?.[1] ?? 0);
}

function describe(fault: Fault, { report, ejectedAfterMs, returnedAfterMs }: Phase): string {
  const failed = failedRequests(report);
  const requests = report.ok + failed;
  const { p99Ms, maxMs } = report.latency;
  const percent = ((100 * failed) / requests).toFixed(3);
  return row([fault.name, requests, failed, percent, ms(ejectedAfterMs), ms(returnedAfterMs), ms(p99Ms), ms(maxMs)]);
}

function judge(fault: Fault, { report, ejectedAfterMs, returnedAfterMs }: Phase, broken: string[]): void {
  const failed = failedRequests(report);
  const requests = report.ok + failed;
  const notes = report.notes.slice(0, 3).map(({ kind, detail }) => `${kind} ${detail}`);
  const most = Math.floor(requests * MOST_FAILED);
  promise(broken, failed <= most, `${fault.name}: ${failed} of ${requests} requests failed: ${notes.join("; ")}`);
  promise(broken, ejectedAfterMs !== null, `${fault.name}: the host stayed in use`);
  promise(broken, returnedAfterMs !== null, `${fault.name}: the host did not come back into use`);
}

function row(cells: readonly (string | number)[]): string {
  return cells.map((cell, at) => (at === 0 ? String(cell).padEnd(16) : String(cell).padStart(14))).join("");
}

function ms(value: number | null): string {
  return value === null ? "-" : value.toFixed(0);
}

function failuresConfig(ports: readonly number[]): object {
  const cluster = {
    ...staticCluster("app", ports),
    connect_timeout: "0.25s",
    health_checks: [
      {
        timeout: "0.25s",
        interval: "0.25s",
        // They begin before the first request does.
        no_traffic_interval: "0.25s",
        unhealthy_threshold: 2,
        healthy_threshold: 1,
        http_health_check: { path: "/health" },
      },
    ],
    outlier_detection: {
      interval: "0.02s",
      base_ejection_time: "3s",
      max_ejection_time: "3s",
      max_ejection_percent: 50,
      consecutive_5xx: 5,
      // Responses that are cut off count as answered and as failed: no such failures come in a row.
      failure_percentage_threshold: 40,
      enforcing_failure_percentage: 100,
      failure_percentage_minimum_hosts: UPSTREAMS,
      failure_percentage_request_volume: 10,
      enforcing_success_rate: 0,
      // The checks are passed by a host that fails all else.
      successful_active_health_check_uneject_host: false,
    },
    circuit_breakers: { thresholds: [{ max_retries: 1024 }] },
  };
  const retry_policy = {
    retry_on: "5xx,reset,connect-failure",
    num_retries: 1,
    per_try_timeout: "0.5s",
    retry_host_predicate: [
      {
        name: "envoy.retry_host_predicates.previous_hosts",
        typed_config: {
          "@type": "type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate",
        },
      },
    ],
    host_selection_retry_max_attempts: 5,
  };
  const route = { match: { prefix: "/" }, route: { cluster: "app", retry_policy } };
  return proxyConfig({ virtualHosts: [{ name: "all", domains: ["*"], routes: [route] }], clusters: [cluster] });
}

/** Runs it with the options of a command line. */
export async function failuresFromCommandLine(args: readonly string[]): Promise<void> {
  const defaults = { connections: 64, workers: 2, seconds: 20, "fault-seconds": 3 };
  await runFromCommandLine(() => failures(numberOptions(defaults, args)));
}

if (import.meta.main) await failuresFromCommandLine(process.argv.slice(2));
