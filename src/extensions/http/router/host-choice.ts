import { Uint64 } from "../../../base/uint64.ts";
import type { RequestHeaderMap, ResponseHeaderMap } from "../../../http/header-map.ts";
import type { StreamInfo } from "../../../http/stream-info.ts";
import type { LbHost } from "../../../lb/lb-host.ts";
import {
  type LoadBalancerContext,
  type OverrideHost,
  PLAIN_LOAD_BALANCER_CONTEXT,
  type PriorityAdjuster,
} from "../../../lb/load-balancer-context.ts";
import type { HashedRequest } from "../../../route/hash-policy.ts";
import type { ForwardAction } from "../../../route/route.ts";

/** Namespace of the metadata that load balancing looks at. */
const LB_NAMESPACE = "envoy.lb";

/** Whether route or filters say anything about which host is to be chosen. Otherwise a request needs no `HostChoice`. */
export function choosesHosts(action: ForwardAction, streamInfo: StreamInfo): boolean {
  if (action.hashPolicy !== null || action.metadataMatch !== null) return true;
  return streamInfo.upstreamOverrideHost !== null || streamInfo.dynamicMetadata?.has(LB_NAMESPACE) === true;
}

/** What one request tells the load balancer: its hash, and what a retry asks for beside. One for all attempts. */
export class HostChoice implements LoadBalancerContext, HashedRequest {
  readonly headers: RequestHeaderMap;
  readonly streamInfo: StreamInfo;
  /** The route's, and over it what filters set as dynamic metadata. */
  readonly metadataMatch: Readonly<Record<string, unknown>> | null;
  readonly #action: ForwardAction;
  readonly #retry: LoadBalancerContext;
  readonly #hash = new Uint64();
  /** Undefined until somebody asks: later attempts must neither hash other headers nor set another cookie. */
  #hashed: boolean | undefined = undefined;
  #cookies: string[] | null = null;
  #overrideHost: OverrideHost | null;

  /** `retry` says which hosts to avoid; null = none. */
  constructor(
    action: ForwardAction,
    headers: RequestHeaderMap,
    streamInfo: StreamInfo,
    retry: LoadBalancerContext | null,
  ) {
    this.#action = action;
    this.headers = headers;
    this.streamInfo = streamInfo;
    this.#overrideHost = streamInfo.upstreamOverrideHost;
    const own = streamInfo.dynamicMetadata?.get(LB_NAMESPACE);
    this.metadataMatch = own === undefined ? action.metadataMatch : { ...action.metadataMatch, ...own };
    this.#retry = retry ?? PLAIN_LOAD_BALANCER_CONTEXT;
  }

  computeHashKey(into: Uint64): boolean {
    this.#hashed ??= this.#action.hashPolicy?.compute(this, this.#hash) ?? false;
    into.copy(this.#hash);
    return this.#hashed;
  }

  takeOverrideHost(): OverrideHost | null {
    const wish = this.#overrideHost;
    this.#overrideHost = null;
    return wish;
  }

  get hostSelectionRetryCount(): number {
    return this.#retry.hostSelectionRetryCount;
  }

  shouldSelectAnotherHost(host: LbHost): boolean {
    return this.#retry.shouldSelectAnotherHost(host);
  }

  get priorityAdjuster(): PriorityAdjuster | null {
    return this.#retry.priorityAdjuster ?? null;
  }

  downstreamHeader(name: string): string | undefined {
    return this.headers.get(name);
  }

  setCookie(value: string): void {
    this.#cookies ??= [];
    this.#cookies.push(value);
  }

  /** Adds the cookies that hash policies made to the response. */
  addCookies(headers: ResponseHeaderMap): void {
    if (this.#cookies !== null) for (const cookie of this.#cookies) headers.add("set-cookie", cookie);
  }
}
