import type { HeaderMap } from "../../http/header-map.ts";
import type { Counter, Histogram, StatsScope } from "../../stats/scope.ts";
import type { ClusterStats } from "../../upstream/cluster-stats.ts";

/** How many methods of one cluster get stats of their own; paths come from clients, and memory must not. */
const MOST_METHODS = 1000;
/** gRPC's status codes end at 16; others are counted together. */
const MOST_STATUS_TEXT = /^(?:\d|1[0-6])$/;

/** A gRPC method, as a request's path names it. */
export interface GrpcMethod {
  readonly service: string;
  readonly method: string;
}

/** The method in `/service/method`; undefined if the path is no such. A query is not looked at. */
export function grpcMethodOf(path: string): GrpcMethod | undefined {
  const query = path.indexOf("?");
  const parts = (query === -1 ? path : path.slice(0, query)).split("/");
  const [root, service = "", method = ""] = parts;
  if (parts.length !== 3 || root !== "" || service === "" || method === "") return undefined;
  return { service, method };
}

/** The stats of one method, or of all those without stats of their own. Source: Envoy's `Grpc::ContextImpl`. */
export class GrpcMethodStats {
  readonly #scope: StatsScope;
  readonly success: Counter;
  readonly failure: Counter;
  readonly total: Counter;
  readonly #statuses = new Map<string, Counter>();
  #requestMessages: Counter | undefined;
  #responseMessages: Counter | undefined;
  #time: Histogram | undefined;

  constructor(scope: StatsScope) {
    this.#scope = scope;
    this.success = scope.counter("success");
    this.failure = scope.counter("failure");
    this.total = scope.counter("total");
  }

  /** Counts the end of a call, if these headers or trailers tell its status. */
  chargeStatus(headers: HeaderMap): void {
    const text = headers.get("grpc-status");
    if (text === undefined) return;
    const name = MOST_STATUS_TEXT.test(text) ? text : "unknown";
    let counter = this.#statuses.get(name);
    if (counter === undefined) {
      counter = this.#scope.counter(name);
      this.#statuses.set(name, counter);
    }
    counter.inc();
    (text === "0" ? this.success : this.failure).inc();
    this.total.inc();
  }

  chargeRequestMessages(count: number): void {
    this.#requestMessages ??= this.#scope.counter("request_message_count");
    this.#requestMessages.add(count);
  }

  chargeResponseMessages(count: number): void {
    this.#responseMessages ??= this.#scope.counter("response_message_count");
    this.#responseMessages.add(count);
  }

  chargeTime(durationMs: number): void {
    this.#time ??= this.#scope.histogram("upstream_rq_time", "ms");
    this.#time.record(durationMs);
  }
}

/**
 * The gRPC stats of one cluster, under `cluster.<name>.grpc.` or `.grpc-web.`, by method.
 * Differs from Envoy: after 1,000 methods of a cluster on a worker, new ones are counted together, without their names.
 */
export class GrpcClusterStats {
  readonly #scope: StatsScope;
  readonly #methods = new Map<string, GrpcMethodStats>();
  #rest: GrpcMethodStats | null = null;

  constructor(scope: StatsScope) {
    this.#scope = scope;
  }

  /** The stats without a method in their names. */
  get rest(): GrpcMethodStats {
    this.#rest ??= new GrpcMethodStats(this.#scope);
    return this.#rest;
  }

  method({ service, method }: GrpcMethod): GrpcMethodStats {
    const key = `${service}/${method}`;
    let stats = this.#methods.get(key);
    if (stats !== undefined) return stats;
    if (this.#methods.size >= MOST_METHODS) return this.rest;
    stats = new GrpcMethodStats(this.#scope.scope(`${service}.${method}`));
    this.#methods.set(key, stats);
    return stats;
  }
}

const known = {
  grpc: new WeakMap<ClusterStats, GrpcClusterStats>(),
  "grpc-web": new WeakMap<ClusterStats, GrpcClusterStats>(),
};

/** The gRPC stats of a cluster on this worker; they are released with it. */
export function grpcClusterStats(cluster: ClusterStats, protocol: "grpc" | "grpc-web"): GrpcClusterStats {
  let stats = known[protocol].get(cluster);
  if (stats === undefined) {
    stats = new GrpcClusterStats(cluster.scope.scope(protocol));
    known[protocol].set(cluster, stats);
  }
  return stats;
}
