import type { StreamResetReason } from "../../../http/codec.ts";
import type { RequestHeaderMap, ResponseHeaderMap } from "../../../http/header-map.ts";
import { isGrpcRequest } from "../../../http/local-reply.ts";
import type { StreamInfo } from "../../../http/stream-info.ts";
import type { Host } from "../../../upstream/host.ts";
import type { ResponseStats, ResponseTraits } from "../../../upstream/response-stats.ts";
import type { ThreadLocalCluster } from "../../../upstream/thread-local-cluster.ts";
import { percentOfTimeout } from "../../../upstream/tracked-stats.ts";
import type { RequestScope } from "./request-scopes.ts";
import { responseTraits } from "./response-traits.ts";
import type { RouterData } from "./router-runtime.ts";
import { statusInEffect } from "./status-in-effect.ts";

const ALT_STAT_NAME = "x-envoy-upstream-alt-stat-name";

/**
 * Counts what becomes of one request: in the statistics of its cluster, there by zone and by the name that the request asks for, and by virtual cluster and
 * route; in those of its hosts; and with outlier detection. Takes the header with that name off the request. Source: Envoy's `Router::Filter::chargeUpstreamCode`.
 */
export class RequestCharges {
  readonly #cluster: ThreadLocalCluster;
  readonly #scopes: readonly RequestScope[];
  readonly #zone: string;
  /** Whether responses are counted by status and time at all. */
  readonly #isDynamic: boolean;
  readonly #withCodes: boolean;
  readonly #alternative: ResponseStats | undefined;
  readonly #timeoutMs: number;
  #traits: ResponseTraits;

  /** `timeoutMs` is that of the whole request; 0 = none. */
  constructor(
    cluster: ThreadLocalCluster,
    scopes: readonly RequestScope[],
    data: RouterData,
    headers: RequestHeaderMap,
    streamInfo: StreamInfo,
    timeoutMs: number,
  ) {
    this.#timeoutMs = timeoutMs;
    this.#cluster = cluster;
    this.#scopes = scopes;
    this.#zone = data.zone;
    this.#isDynamic = data.dynamicStats && !streamInfo.healthCheck;
    this.#withCodes = !(data.suppressGrpcCodeStats && isGrpcRequest(headers));
    this.#traits = responseTraits(headers.get("x-envoy-internal") === "true", false);
    const name = headers.get(ALT_STAT_NAME);
    this.#alternative = name === undefined ? undefined : cluster.info.stats.responses.alternative(name);
    if (name !== undefined) headers.remove(ALT_STAT_NAME);
  }

  /** An attempt has got its stream to the host. */
  attempt(host: Host): void {
    this.#cluster.outlierOf(host)?.connected(host);
    for (const { total } of this.#scopes) total.inc();
  }

  /** An attempt was reset: by the host, or for want of a connection. */
  reset(host: Host, reason: StreamResetReason): void {
    host.stats.rqError++;
    if (reason !== "overflow") this.#cluster.outlierOf(host)?.failed(host);
  }

  /** The time of one attempt was up; `status` is what the client would get. */
  attemptTimeout(host: Host, status: number): void {
    this.#cluster.outlierOf(host)?.timedOut(host, status);
  }

  /** The time of the whole request was up for an attempt; `status` is what the client gets, -1 where the response has begun. */
  timeout(host: Host, status: number): void {
    this.#cluster.info.stats.rq.timeout.inc();
    for (const { timeout } of this.#scopes) timeout.inc();
    host.stats.rqTimeout++;
    if (status !== -1) this.#cluster.outlierOf(host)?.timedOut(host, status);
  }

  /** A host has answered an attempt, whatever becomes of the answer. */
  answered(headers: ResponseHeaderMap, host: Host): void {
    if (headers.has("x-envoy-immediate-health-check-fail")) this.#cluster.failHost(host);
    this.#cluster.outlierOf(host)?.answered(host, statusInEffect(headers));
  }

  /** The response that the client gets comes from this host. */
  response(headers: ResponseHeaderMap, host: Host): void {
    if (headers.status >= 500) host.stats.rqError++;
    else host.stats.rqSuccess++;
    if (host.canary || headers.get("x-envoy-upstream-canary") === "true") {
      this.#traits = responseTraits(this.#traits.internal, true);
    }
    this.status(headers.status, host);
  }

  /** An answer of the proxy itself, or an attempt that failed; null = without a host. */
  status(status: number, host: Host | null): void {
    if (!this.#isDynamic) return;
    const { responses } = this.#cluster.info.stats;
    responses.chargeResponse(status, this.#traits, this.#withCodes);
    for (const scope of this.#scopes) scope.responses.count(status, this.#withCodes);
    if (this.#zone !== "" && host !== null) {
      responses.zone(this.#zone, host.locality.zone)?.count(status, this.#withCodes);
    }
    this.#alternative?.chargeResponse(status, this.#traits, this.#withCodes);
  }

  /** A response was dropped for a retry. */
  retried(status: number, host: Host): void {
    host.stats.rqError++;
    this.#cluster.info.stats.responses.chargeRetriedResponse(status, this.#withCodes);
  }

  /** How long a request with a limit took until it was answered, or out of time. */
  budgetUsed(durationMs: number): void {
    const { tracked } = this.#cluster.info;
    if (tracked !== null) tracked.budgets?.percentUsed.record(percentOfTimeout(durationMs, this.#timeoutMs));
  }

  /** From the whole request to the whole response. */
  time(durationMs: number, host: Host): void {
    this.budgetUsed(durationMs);
    if (!this.#isDynamic) return;
    const { responses } = this.#cluster.info.stats;
    responses.chargeTime(durationMs, this.#traits);
    for (const scope of this.#scopes) scope.responses.time(durationMs);
    if (this.#zone !== "") responses.zone(this.#zone, host.locality.zone)?.time(durationMs);
    this.#alternative?.chargeTime(durationMs, this.#traits);
  }
}
