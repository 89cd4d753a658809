import { InvariantError } from "../../../base/fatal.ts";
import { SharedTokenBucket, TOKEN_BUCKET_CELLS, type TokenBucketSettings } from "../../../base/shared-token-bucket.ts";
import type { DownstreamConnectionInfo } from "../../../net/downstream-connection-info.ts";
import { HeaderMutations } from "../../../route/header-mutations.ts";
import type { RateLimitChoice } from "../../../route/rate-limit-descriptors.ts";
import { RateLimitPolicy } from "../../../route/rate-limit-policy.ts";
import type { StatsScope } from "../../../stats/scope.ts";
import type { SharedLimits } from "../../../upstream/limits/shared-limits.ts";
import type { TokenBucket } from "../../../upstream/limits/token-bucket.ts";
import type { WorkerContext } from "../../extension-module.ts";
import { type BucketSource, LimitBuckets } from "./limit-buckets.ts";
import type { LocalRateLimitData } from "./local-rate-limit-data.ts";
import { type LocalRateLimitStats, localRateLimitStats } from "./stats.ts";

/** The limit of a filter or a route, on a worker. */
export class RateLimit {
  readonly data: LocalRateLimitData;
  readonly stats: LocalRateLimitStats;
  readonly requestHeaders: HeaderMutations;
  readonly responseHeaders: HeaderMutations;
  readonly choice: RateLimitChoice;
  readonly #scope: StatsScope;
  readonly #worker: WorkerContext;
  readonly #ownBuckets: BucketSource = {
    bucket: (_, settings) => this.#createOwn(settings),
    keyed: () => {
      throw new InvariantError("a connection has no buckets by key");
    },
  };
  /** Null if each connection has buckets of its own. */
  readonly #shared: LimitBuckets | null;
  /** Buckets of connections, which go when their connections do. */
  readonly #ofConnections = new WeakMap<DownstreamConnectionInfo, LimitBuckets>();

  constructor(data: LocalRateLimitData, worker: WorkerContext) {
    this.data = data;
    this.#worker = worker;
    this.#scope = worker.stats.scope(`${data.statPrefix}.http_local_rate_limit`);
    this.stats = localRateLimitStats(this.#scope);
    this.requestHeaders = new HeaderMutations(data.requestHeaders, worker.format);
    this.responseHeaders = new HeaderMutations(data.responseHeaders, worker.format);
    const { stage, ofVirtualHost, rateLimits } = data;
    this.choice = { stage, ofVirtualHost, own: RateLimitPolicy.of(rateLimits) };
    const { limits } = worker;
    const isShared = data.bucket !== "" || data.descriptors.some(({ buckets }) => buckets.length > 0);
    this.#shared = isShared ? new LimitBuckets(data, sharedBuckets(limits)) : null;
  }

  /** The buckets that a request's tokens come from. */
  buckets(connection: DownstreamConnectionInfo): LimitBuckets {
    if (this.#shared !== null) return this.#shared;
    let own = this.#ofConnections.get(connection);
    if (own === undefined) {
      own = new LimitBuckets(this.data, this.#ownBuckets);
      this.#ofConnections.set(connection, own);
    }
    return own;
  }

  /** How many tokens a request takes: one, or one for each proxy that shares the limit. */
  cost(): number {
    const { localCluster } = this.data;
    if (localCluster === "") return 1;
    return Math.max(1, this.#worker.clusters.get(localCluster)?.hostCounts.total ?? 1);
  }

  dispose(): void {
    this.#scope.release();
  }

  #createOwn(settings: TokenBucketSettings): TokenBucket {
    const { clock } = this.#worker;
    const bucket = new SharedTokenBucket(new Int32Array(TOKEN_BUCKET_CELLS), 0, settings);
    return {
      tryTake: (count) => bucket.tryTake(clock.nowMs(), count),
      available: () => bucket.available(clock.nowMs()),
      nextFillMs: () => bucket.nextFillMs(clock.nowMs()),
    };
  }
}

function sharedBuckets(limits: SharedLimits): BucketSource {
  return {
    bucket: (name = "", settings) => limits.tokenBucket(name, settings),
    keyed: (names, settings) => limits.keyedBuckets(names, settings),
  };
}
