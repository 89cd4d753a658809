import { systemClock } from "../../src/base/clock.ts";
import { SystemRandom } from "../../src/base/random.ts";
import { TimerWheel } from "../../src/base/timer-wheel.ts";
import { HostChoice } from "../../src/extensions/http/router/host-choice.ts";
import { retryPolicyOf } from "../../src/extensions/http/router/retry/retry-policy.ts";
import { RetryState } from "../../src/extensions/http/router/retry/retry-state.ts";
import { ResponseHeaderMap } from "../../src/http/header-map.ts";
import { PLAIN_LOAD_BALANCER_CONTEXT } from "../../src/lb/load-balancer-context.ts";
import { WriteFlusher } from "../../src/net/write-flusher.ts";
import { HashPolicy } from "../../src/route/hash-policy.ts";
import type { ForwardAction } from "../../src/route/route.ts";
import { buildStatsMatcher } from "../../src/stats/stats-matcher.ts";
import { StatsShard } from "../../src/stats/stats-shard.ts";
import { CircuitBreakerCells } from "../../src/upstream/circuit-breaker/circuit-breaker-cells.ts";
import type { ClusterData } from "../../src/upstream/cluster-data.ts";
import { ClusterManager } from "../../src/upstream/cluster-manager.ts";
import { OutlierMemory } from "../../src/upstream/outlier/outlier-cells.ts";
import { http1PoolEnvironment } from "../../src/upstream/pool/http1-pool-environment.ts";
import type { ThreadLocalCluster } from "../../src/upstream/thread-local-cluster.ts";
import { makeRequest, makeStreamInfo } from "../../test/harness/stream-fixtures.ts";
import { clusterData, endpointData } from "../../test/unit/upstream/cluster-fixture.ts";
import { printNanoseconds } from "./nanoseconds.ts";

/**
 * What a request pays for what its cluster or route has configured and that it does not need: retries, hashing, outlier detection. Each
 * number is that of the whole piece of code, with nothing else of the request. `node --expose-gc bench/micro/upstream-extras.ts`
 */
const HOST_COUNTS = [10, 10_000];
const KEYS = Array.from({ length: 1024 }, (_, at) => `session-${at}-${(at * 2_654_435_761) >>> 0}`);
const OUTLIER = {
  splitsLocalOrigin: false,
  consecutive5xx: 5,
  consecutiveGatewayFailure: 5,
  consecutiveLocalOriginFailure: 5,
};
const ring = { minRingSize: 1024, maxRingSize: 8_388_608, hashFunction: "xxHash", useHostname: false } as const;
const table = { tableSize: 65_537, useHostname: false };

const random = new SystemRandom();
const timers = new TimerWheel(systemClock);
let kept = 0;

/** A cluster as a worker has it, with this many hosts, all of them counted by outlier detection if there is some. */
function cluster(hosts: number, changes: Partial<ClusterData>): ThreadLocalCluster {
  const manager = new ClusterManager({
    stats: new StatsShard(buildStatsMatcher({ type: "acceptAll" })).scope(),
    workerName: "worker_0",
    random,
    environment: http1PoolEnvironment(timers, new WriteFlusher()),
  });
  const cells = new CircuitBreakerCells();
  const data = clusterData([], { discovery: "dynamic", ...changes });
  manager.apply({
    upserts: [{ data, hash: "1", breakerSlot: cells.allocate(data.name) }],
    removals: [],
    breakerChunks: cells.chunksFor(0),
  });
  const memory = new OutlierMemory();
  const upserts = Array.from({ length: hosts }, (_, at) => ({
    endpoint: endpointData(80, { address: { type: "ip", ip: `10.0.${at >> 8}.${at & 255}`, port: 80 } }),
    healthFlags: 0,
    outlier: data.outlier === null ? undefined : memory.grant(),
  }));
  manager.applyMembership([{ cluster: data.name, from: 0, to: 1, upserts, removed: [] }]);
  return manager.get(data.name)!;
}

/** Time and garbage of one `work`. */
function measure(name: string, work: () => void): void {
  const repeated = (times: number): void => {
    for (let at = 0; at < times; at++) work();
  };
  printNanoseconds(name, repeated);
  const rounds = Array.from({ length: 5 }, () => {
    globalThis.gc?.();
    const before = process.memoryUsage().heapUsed;
    // So few that the collector does not run meanwhile.
    repeated(1000);
    return (process.memoryUsage().heapUsed - before) / 1000;
  });
  const bytes = rounds.sort((one, other) => one - other)[2]!;
  console.log(`  ${Math.max(0, bytes).toFixed(0)} bytes allocated`);
}

/** Retries: the state of a request that may be retried, a decision over a good response, the end. */
const { info } = cluster(10, {});
const policy = retryPolicyOf({
  retryOn: ["5xx", "reset", "connect-failure"],
  numRetries: 1,
  perTryTimeoutMs: 250,
  perTryIdleTimeoutMs: 0,
  hostPredicates: [],
  priority: null,
  hostSelectionMaxAttempts: 1,
  retriableStatusCodes: [],
  retriableHeaders: [],
  retriableRequestHeaders: [],
  backOffBaseMs: 25,
  backOffMaxMs: 250,
  rateLimitedBackOff: null,
});
const ok = new ResponseHeaderMap(200);
const onRetry = (): void => {};
measure("retries: 5xx, reset, connect-failure", () => {
  const state = new RetryState(policy, null, info, [], "default", { timers, random }, onRetry);
  if (state.decideOnHeaders(ok) === "no") kept++;
  state.release();
});

/** Hashing: a header policy and the pick by it, beside a pick without any. */
const action = {
  hashPolicy: new HashPolicy([{ type: "header", name: "x-session", rewrite: null, terminal: false }]),
  metadataMatch: null,
} as unknown as ForwardAction;
const streamInfo = makeStreamInfo();
const requests = KEYS.map((key) => makeRequest({}, ["accept", "*/*", "user-agent", "bench", "x-session", key]));
const hashing: readonly (readonly [string, Partial<ClusterData>])[] = [
  ["ring hash", { loadBalancer: { type: "ringHash", ring, balanceFactorPercent: 0 } }],
  ["Maglev", { loadBalancer: { type: "maglev", table, balanceFactorPercent: 0 } }],
];
for (const hosts of HOST_COUNTS) {
  const plain = cluster(hosts, {});
  measure(`round robin, ${hosts} hosts`, () => {
    kept += plain.chooseHost(PLAIN_LOAD_BALANCER_CONTEXT)!.weight;
  });
  for (const [name, changes] of hashing) {
    const hashed = cluster(hosts, changes);
    let next = 0;
    measure(`${name} by a header, ${hosts} hosts`, () => {
      const choice = new HostChoice(action, requests[next++ & (KEYS.length - 1)]!, streamInfo, null);
      kept += hashed.chooseHost(choice)!.weight;
    });
  }
}

/** Outlier detection: what is counted of a request that does well. */
for (const hosts of HOST_COUNTS) {
  const watched = cluster(hosts, { outlier: OUTLIER });
  const host = watched.chooseHost(PLAIN_LOAD_BALANCER_CONTEXT)!;
  if (host.outlierCells === null) throw new Error("nothing is counted of this host");
  measure(`outlier detection, a response 200, ${hosts} hosts`, () => {
    const outlier = watched.outlierOf(host);
    outlier?.connected(host);
    outlier?.answered(host, 200);
  });
}
console.log(kept > 0 ? "" : "nothing was chosen");
process.exit(0);
