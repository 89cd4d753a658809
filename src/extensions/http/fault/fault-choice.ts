import type { RandomSource } from "../../../base/random.ts";
import type { RequestHeaderMap } from "../../../http/header-map.ts";
import { HeaderMatcher, matchesAllHeaders } from "../../../match/header-matcher.ts";
import { isInFraction } from "../../../route/fraction.ts";
import type { Route } from "../../../route/route.ts";
import type { Runtime } from "../../../runtime/runtime.ts";
import type { RuntimeShare } from "../../../runtime/runtime-entry.ts";
import type { FaultData } from "./fault-data.ts";

/** The answer that an abort gives. */
export interface FaultAnswer {
  readonly status: number;
  readonly grpcStatus: number | null;
}

/** Which faults a request gets: of one filter or route, on one worker. Immutable. */
export class FaultChoice {
  readonly data: FaultData;
  readonly #runtime: Runtime;
  readonly #headers: readonly HeaderMatcher[];
  readonly #nodes: ReadonlySet<string>;

  /** `data` is checked already. */
  constructor(data: FaultData, runtime: Runtime) {
    this.data = data;
    this.#runtime = runtime;
    this.#headers = data.headers.map((matcher) => new HeaderMatcher(matcher));
    this.#nodes = new Set(data.downstreamNodes);
  }

  /** How many requests may have a fault at a time. */
  get maxActiveFaults(): number {
    const most = this.#runtime.integer(this.data.maxActiveFaults);
    return most === -1 ? Number.POSITIVE_INFINITY : most;
  }

  /** Whether the request may get faults at all. */
  matches(headers: RequestHeaderMap, route: Route | null): boolean {
    const { upstreamCluster } = this.data;
    if (upstreamCluster !== "") {
      if (route?.action.type !== "forward" || route.action.clusterName(headers) !== upstreamCluster) return false;
    }
    if (this.#nodes.size > 0 && !this.#nodes.has(headers.get("x-envoy-downstream-service-node") ?? "")) return false;
    return matchesAllHeaders(this.#headers, headers);
  }

  /** Milliseconds to wait; 0 = none. */
  delayMs(headers: RequestHeaderMap, random: RandomSource): number {
    const { delay } = this.data;
    if (delay === null) return 0;
    const fixed = delay.fixedMs === null ? null : this.#runtime.integer(delay.fixedMs);
    const delayMs = fixed ?? numberOf(headers, "x-envoy-fault-delay-request");
    const allowed = this.#runtime.share(delay.fraction);
    const share = fixed === null ? shareOf(headers, "x-envoy-fault-delay-request-percentage", allowed) : allowed;
    return delayMs !== null && isInFraction(share, random.uint32()) ? delayMs : 0;
  }

  /** Null: the request is not aborted. */
  abort(headers: RequestHeaderMap, random: RandomSource): FaultAnswer | null {
    const { abort } = this.data;
    if (abort === null) return null;
    let httpStatus = abort.httpStatus === null ? null : this.#runtime.integer(abort.httpStatus);
    let grpcStatus = abort.grpcStatus === null ? null : this.#runtime.integer(abort.grpcStatus);
    let fraction = this.#runtime.share(abort.fraction);
    if (httpStatus === null && grpcStatus === null) {
      httpStatus = numberOf(headers, "x-envoy-fault-abort-request");
      if (httpStatus !== null && (httpStatus < 200 || httpStatus > 599)) httpStatus = null;
      if (httpStatus === null) grpcStatus = numberOf(headers, "x-envoy-fault-abort-grpc-request");
      fraction = shareOf(headers, "x-envoy-fault-abort-request-percentage", fraction);
    }
    if (!isInFraction(fraction, random.uint32())) return null;
    if (httpStatus !== null) return { status: httpStatus, grpcStatus: null };
    return grpcStatus === null ? null : { status: 200, grpcStatus };
  }

  /** Kibibytes per second of the response; 0 = as fast as it goes. */
  kibPerSecond(headers: RequestHeaderMap, random: RandomSource): number {
    const { rateLimit } = this.data;
    if (rateLimit === null) return 0;
    let { kibPerSecond } = rateLimit;
    let fraction = this.#runtime.share(rateLimit.fraction);
    if (kibPerSecond === null) {
      kibPerSecond = numberOf(headers, "x-envoy-fault-throughput-response");
      fraction = shareOf(headers, "x-envoy-fault-throughput-response-percentage", fraction);
    }
    return kibPerSecond !== null && isInFraction(fraction, random.uint32()) ? kibPerSecond : 0;
  }
}

const DIGITS = /^\d{1,9}$/;

/** A header's decimal number; null if there is none. */
function numberOf(headers: RequestHeaderMap, name: string): number | null {
  const value = headers.get(name);
  return value !== undefined && DIGITS.test(value) ? Number(value) : null;
}

/** What the request asks for, but never more than the configuration allows. */
function shareOf(headers: RequestHeaderMap, name: string, allowed: RuntimeShare): RuntimeShare {
  const asked = numberOf(headers, name);
  if (asked === null || asked >= allowed.numerator) return allowed;
  return { numerator: asked, denominator: allowed.denominator };
}
