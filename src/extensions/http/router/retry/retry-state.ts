import { JitteredBackOff } from "../../../../base/jittered-back-off.ts";
import type { RandomSource } from "../../../../base/random.ts";
import type { TimerWheel, WheelTimer } from "../../../../base/timer-wheel.ts";
import type { StreamResetReason } from "../../../../http/codec.ts";
import type { RequestHeaderMap, ResponseHeaderMap } from "../../../../http/header-map.ts";
import type { HeaderMatcher } from "../../../../match/header-matcher.ts";
import type { CircuitBreaker, ResourcePriority } from "../../../../upstream/circuit-breaker/circuit-breaker.ts";
import type { ClusterInfo } from "../../../../upstream/cluster-info.ts";
import type { ClusterRequestStats } from "../../../../upstream/cluster-stats.ts";
import type { RequestControls } from "../request-controls.ts";
import type { RequestScope } from "../request-scopes.ts";
import { jitteredMs, rateLimitedIntervalMs } from "./retry-back-off.ts";
import { type RetryConditions, wouldRetryHeaders, wouldRetryReset } from "./retry-conditions.ts";
import { RetryHosts } from "./retry-hosts.ts";
import type { RetryPolicy } from "./retry-policy.ts";

/** What becomes of a failed attempt: repeated after a wait, or not, because it is not to be, has been often enough, or too many others are. */
export type RetryVerdict = "retry" | "no" | "limitExceeded" | "overflow";

/** What retries need of the worker. */
export interface RetryEnvironment {
  readonly timers: TimerWheel;
  readonly random: RandomSource;
}

/**
 * The retries of one request: decides, counts, waits, and holds one of the cluster's `retries` while a retry is under way.
 * Made only for requests that may be retried. Source: Envoy's `Router::RetryStateImpl`.
 */
export class RetryState implements RetryConditions {
  readonly retryOn: number;
  readonly retriableHeaders: readonly HeaderMatcher[];
  readonly retriableHeaderNames: readonly string[];
  private readonly policy: RetryPolicy;
  private readonly extraStatusCodes: readonly number[];
  private readonly stats: ClusterRequestStats;
  private readonly scopes: readonly RequestScope[];
  private readonly breaker: CircuitBreaker;
  private readonly environment: RetryEnvironment;
  private readonly backOff: JitteredBackOff;
  private readonly timer: WheelTimer;
  /** Null if a retry may go to any host. */
  readonly hosts: RetryHosts | null;
  private remaining: number;
  private holdsBreaker = false;
  private waitMs: number | undefined = undefined;

  /** `onRetry` is called when a wait is over. */
  constructor(
    policy: RetryPolicy,
    controls: RequestControls | null,
    cluster: ClusterInfo,
    scopes: readonly RequestScope[],
    priority: ResourcePriority,
    environment: RetryEnvironment,
    onRetry: () => void,
  ) {
    this.policy = policy;
    this.retryOn = policy.retryOn | (controls?.retryOn ?? 0);
    this.retriableHeaders = policy.retriableHeaders;
    this.retriableHeaderNames = controls?.retriableHeaderNames ?? [];
    this.extraStatusCodes = controls?.retriableStatusCodes ?? [];
    this.remaining = controls?.maxRetries ?? policy.numRetries;
    this.hosts = RetryHosts.of(policy);
    this.stats = cluster.stats.rq;
    this.scopes = scopes;
    this.breaker = cluster.circuitBreakers[priority].retries;
    this.environment = environment;
    this.backOff = new JitteredBackOff(policy.backOffBaseMs, policy.backOffMaxMs, environment.random);
    this.timer = environment.timers.timer(onRetry);
  }

  isRetriableStatus(status: number): boolean {
    return this.policy.retriableStatusCodes.has(status) || this.extraStatusCodes.includes(status);
  }

  /** Whether a wait is going on, at whose end `onRetry` is called. */
  get isWaiting(): boolean {
    return this.timer.armed;
  }

  /** Decides over a response by its headers. After `retry` the wait has begun. */
  decideOnHeaders(headers: ResponseHeaderMap): RetryVerdict {
    const wouldRetry = wouldRetryHeaders(this, headers);
    const { rateLimitedBackOff } = this.policy;
    if (wouldRetry && rateLimitedBackOff !== null) {
      this.waitMs = rateLimitedIntervalMs(rateLimitedBackOff, headers, this.environment.timers.clock.wallMs());
    }
    return this.#decide(wouldRetry);
  }

  /** Decides over an attempt that ended without a response. After `retry` the wait has begun. */
  decideOnReset(reason: StreamResetReason, wasSent: boolean): RetryVerdict {
    return this.#decide(wouldRetryReset(this.retryOn, reason, wasSent));
  }

  /** Decides whether another attempt is made beside one that is too slow; any that may be repeated is. After `retry` the wait has begun. */
  decideOnHedge(): RetryVerdict {
    return this.#decide(true);
  }

  /** Whether a response with these headers would be repeated, if that were still possible. */
  wouldRetry(headers: ResponseHeaderMap): boolean {
    return wouldRetryHeaders(this, headers);
  }

  /** No more retries: the request is over or its response has begun. */
  release(): void {
    this.timer.disarm();
    if (this.holdsBreaker) this.breaker.release();
    this.holdsBreaker = false;
  }

  #decide(wouldRetry: boolean): RetryVerdict {
    if (this.holdsBreaker && !wouldRetry) this.#count("retrySuccess");
    this.release();
    if (!wouldRetry) return "no";
    if (this.remaining === 0) {
      this.#count("retryLimitExceeded");
      return "limitExceeded";
    }
    this.remaining--;
    if (!this.breaker.tryAcquire()) {
      this.#count("retryOverflow");
      return "overflow";
    }
    this.holdsBreaker = true;
    this.#count("retry");
    this.#wait();
    return "retry";
  }

  #count(outcome: "retry" | "retrySuccess" | "retryLimitExceeded" | "retryOverflow"): void {
    this.stats[outcome].inc();
    for (const scope of this.scopes) scope[outcome].inc();
  }

  #wait(): void {
    const { random } = this.environment;
    const intervalMs = this.waitMs;
    this.waitMs = undefined;
    if (intervalMs === undefined) {
      this.stats.retryBackoffExponential.inc();
      this.timer.arm(this.backOff.nextMs());
    } else {
      this.stats.retryBackoffRatelimited.inc();
      this.timer.arm(jitteredMs(intervalMs, random));
    }
  }
}

/** Whether any retry may come into question for a request; false keeps the usual request free of all this. */
export function mayBeRetried(
  policy: RetryPolicy,
  controls: RequestControls | null,
  headers: RequestHeaderMap,
): boolean {
  if ((policy.retryOn | (controls?.retryOn ?? 0)) === 0) return false;
  const required = policy.retriableRequestHeaders;
  return required.length === 0 || required.some((matcher) => matcher.matches(headers));
}
