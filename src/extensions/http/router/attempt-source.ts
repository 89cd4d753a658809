import type { StreamDecoderFilterCallbacks } from "../../../http/filter.ts";
import type { RequestHeaderMap, ResponseHeaderMap } from "../../../http/header-map.ts";
import { createUpstreamInfo } from "../../../http/stream-info.ts";
import { PLAIN_LOAD_BALANCER_CONTEXT } from "../../../lb/load-balancer-context.ts";
import { rewriteAuthority } from "../../../route/rewrite-authority.ts";
import type { ForwardAction, Route } from "../../../route/route.ts";
import { type ConnectionWishes, connectionWishes } from "../../../upstream/connection-wishes.ts";
import type { ThreadLocalCluster } from "../../../upstream/thread-local-cluster.ts";
import { setAttemptHeaders } from "./attempt-headers.ts";
import { AttemptSpan } from "./attempt-span.ts";
import { choosesHosts, HostChoice } from "./host-choice.ts";
import type { RetryHosts } from "./retry-hosts.ts";
import type { RouterRuntime } from "./router-runtime.ts";
import { tcpPrologue } from "./tcp-prologue.ts";
import { UpstreamRequest, type UpstreamRequestOwner } from "./upstream-request.ts";

/** What one attempt differs in from the others of its request. */
export interface AttemptSettings {
  readonly endStream: boolean;
  /** What to avoid, told of this attempt's host; null = nothing. */
  readonly retryHosts: RetryHosts | null;
  /** How long the host has; 0 = not said. */
  readonly expectedTimeoutMs: number;
  /** An attempt before this one took too long. */
  readonly afterPerTryTimeout: boolean;
  /** Attempts go on beside this one, which keep what they have noted. */
  readonly isHedge: boolean;
}

/**
 * Makes the attempts of one request, and the client's response of what they bring: chooses a host for each and sets the headers that depend on
 * host and attempt. Made before the route has changed the request.
 */
export class AttemptSource {
  /** How many were made. */
  count = 0;
  private readonly runtime: RouterRuntime;
  private readonly callbacks: StreamDecoderFilterCallbacks;
  private readonly route: Route;
  private readonly action: ForwardAction;
  private readonly cluster: ThreadLocalCluster;
  private readonly headers: RequestHeaderMap;
  /** What connections have to be like, from the headers as they were before the route changed them. */
  private readonly wishes: ConnectionWishes | null;
  private authorityRewritten = false;
  /** Null if the route leaves the choice of the host to the load balancer. */
  private hostChoice: HostChoice | null = null;

  constructor(
    runtime: RouterRuntime,
    callbacks: StreamDecoderFilterCallbacks,
    route: Route,
    action: ForwardAction,
    cluster: ThreadLocalCluster,
    headers: RequestHeaderMap,
  ) {
    this.runtime = runtime;
    this.callbacks = callbacks;
    this.route = route;
    this.action = action;
    this.cluster = cluster;
    this.headers = headers;
    this.wishes = connectionWishes(cluster.info.wishes, callbacks.streamInfo.connection, headers);
  }

  /** The next attempt, not yet begun; null if there is no host for it. */
  next(owner: UpstreamRequestOwner, settings: AttemptSettings): UpstreamRequest | null {
    const { cluster, headers } = this;
    const { retryHosts } = settings;
    const { streamInfo } = this.callbacks;
    if (choosesHosts(this.action, streamInfo) || cluster.info.choosesByHeader) {
      this.hostChoice ??= new HostChoice(this.action, headers, streamInfo, retryHosts);
    }
    const host = cluster.chooseHost(this.hostChoice ?? retryHosts ?? PLAIN_LOAD_BALANCER_CONTEXT);
    if (host === null) return null;
    retryHosts?.add(host);
    this.count++;
    if (settings.isHedge) streamInfo.upstream = createUpstreamInfo();
    const info = streamInfo.ensureUpstream();
    info.clusterName = cluster.info.observabilityName;
    info.attemptCount = this.count;
    if (settings.expectedTimeoutMs > 0) {
      headers.set("x-envoy-expected-rq-timeout-ms", String(settings.expectedTimeoutMs));
    }
    if (this.action.autoHostRewrite && host.hostname !== "") this.#rewriteAuthority(host.hostname);
    setAttemptHeaders(headers, this.route.virtualHost, this.count, settings.afterPerTryTimeout);
    const request = new UpstreamRequest(owner, cluster, host, headers, settings.endStream, info, this.wishes);
    if (streamInfo.span !== null) {
      const { startChildSpan } = this.runtime.data;
      request.span = AttemptSpan.start(streamInfo, cluster, startChildSpan, headers, this.count, owner.nowMs());
    }
    request.isTunnel = streamInfo.asksUpgrade;
    request.tcpPrologue = tcpPrologue(this.action, headers, streamInfo.connection);
    return request;
  }

  /** Makes the upstream's response the client's. `tookMs` is the time since the request was whole; -1 = it is not. */
  dressResponse(response: ResponseHeaderMap, tookMs: number): void {
    if (tookMs >= 0 && !this.runtime.data.suppressEnvoyHeaders) {
      response.set("x-envoy-upstream-service-time", String(Math.max(0, Math.round(tookMs))));
    }
    if (this.route.virtualHost.includeAttemptCountInResponse) {
      response.set("x-envoy-attempt-count", String(this.count));
    }
    this.hostChoice?.addCookies(response);
    this.route.finalizeResponseHeaders(response, this.headers, this.callbacks.streamInfo);
  }

  #rewriteAuthority(hostname: string): void {
    if (this.authorityRewritten) {
      this.headers.authority = hostname;
      return;
    }
    this.authorityRewritten = true;
    const keepOriginal = !this.runtime.data.suppressEnvoyHeaders;
    rewriteAuthority(this.headers, hostname, this.action.appendXForwardedHost, keepOriginal);
  }
}
