import type { LocalReply } from "../../../http/filter.ts";
import type { ResponseHeaderMap } from "../../../http/header-map.ts";
import { createUpstreamInfo, type UpstreamInfo } from "../../../http/stream-info.ts";
import { criteriaInWords } from "../../../lb/criteria-in-words.ts";
import { PLAIN_LOAD_BALANCER_CONTEXT } from "../../../lb/load-balancer-context.ts";
import { rewriteAuthority } from "../../../route/rewrite-authority.ts";
import { type ConnectionWishes, connectionWishes } from "../../../upstream/pool/connection-wishes.ts";
import { setAttemptHeaders } from "./attempt-headers.ts";
import { AttemptLog } from "./attempt-log.ts";
import { AttemptMeter } from "./attempt-meter.ts";
import { AttemptSpan } from "./attempt-span.ts";
import { type AttemptWatch, BothWatches } from "./attempt-watch.ts";
import { HedgedAttempts } from "./hedged-attempts.ts";
import { choosesHosts, HostChoice } from "./host-choice.ts";
import type { RetryHosts } from "./retry/retry-hosts.ts";
import type { RoutedRequest } from "./routed-request.ts";
import { tcpPrologue } from "./tcp-prologue.ts";
import { UpstreamRequest, type UpstreamRequestOwner } from "./upstream-request.ts";

/** What one attempt differs in from the others of its request. */
export interface AttemptSettings {
  readonly endStream: boolean;
  /** What to avoid, told of this attempt's host; null = nothing. */
  readonly retryHosts: RetryHosts | null;
  /** How long the host has; 0 = not said. */
  readonly expectedTimeoutMs: number;
  /** The attempt's own limit; 0 = none. */
  readonly perTryTimeoutMs: number;
  /** An attempt before this one took too long. */
  readonly afterPerTryTimeout: boolean;
}

/**
 * The attempts of one request, and the client's response of what they bring: makes each, with its host and the headers that depend on host and
 * attempt, and holds those that go on. Made before the route has changed the request.
 */
export class Attempts {
  /** How many were made. */
  count = 0;
  /** The newest, unless it is over or too slow. */
  current: UpstreamRequest | null = null;
  /** How long the stream of each may go on; undefined = as the cluster says, 0 = as long as it likes. */
  maxStreamDurationMs: number | undefined = undefined;
  /** Null if none was. */
  private hedged: HedgedAttempts | null = null;
  private readonly routed: RoutedRequest;
  /** What connections have to be like, from the headers as they were before the route changed them. */
  private readonly wishes: ConnectionWishes | null;
  private authorityRewritten = false;
  /** Null if the route leaves the choice of the host to the load balancer. */
  private hostChoice: HostChoice | null = null;

  constructor(routed: RoutedRequest) {
    this.routed = routed;
    const { cluster, callbacks, headers } = routed;
    const { connection, hidesAddresses } = callbacks.streamInfo;
    this.wishes = connectionWishes(cluster.info.wishes, connection, headers, hidesAddresses);
  }

  /** The next attempt, which is the current one now and not yet begun; null if there is no host for it. */
  next(owner: UpstreamRequestOwner, settings: AttemptSettings): UpstreamRequest | null {
    const { runtime, route, action, cluster, headers, callbacks } = this.routed;
    const { retryHosts } = settings;
    const { streamInfo } = callbacks;
    if (choosesHosts(action, streamInfo) || cluster.info.choosesByHeader) {
      this.hostChoice ??= new HostChoice(action, headers, streamInfo, retryHosts);
    }
    const host = cluster.chooseHost(this.hostChoice ?? retryHosts ?? PLAIN_LOAD_BALANCER_CONTEXT);
    if (host === null) {
      streamInfo.failureNote = criteriaInWords(this.hostChoice === null ? null : this.hostChoice.metadataMatch);
      return null;
    }
    retryHosts?.add(host);
    this.count++;
    // The others keep what they have noted.
    if (this.hedged !== null) streamInfo.upstream = createUpstreamInfo();
    const info = streamInfo.ensureUpstream();
    info.clusterName = cluster.info.observabilityName;
    info.clusterRawName = cluster.info.name;
    info.attemptCount = this.count;
    if (settings.expectedTimeoutMs > 0) {
      headers.set("x-envoy-expected-rq-timeout-ms", String(settings.expectedTimeoutMs));
    }
    if (action.autoHostRewrite && host.hostname !== "") this.#rewriteAuthority(host.hostname);
    setAttemptHeaders(headers, route.virtualHost, this.count, settings.afterPerTryTimeout);
    const request = new UpstreamRequest(owner, cluster, host, headers, settings.endStream, info, this.wishes);
    if (streamInfo.span !== null) {
      const { startChildSpan } = runtime.data;
      request.span = AttemptSpan.start(streamInfo, cluster, startChildSpan, headers, this.count, owner.nowMs());
    }
    if (cluster.info.tracked !== null || runtime.upstreamLogs !== null) {
      request.watch = this.#watch(info, settings.perTryTimeoutMs);
    }
    if (this.maxStreamDurationMs !== undefined) request.maxStreamDurationMs = this.maxStreamDurationMs;
    request.isTunnel = streamInfo.asksUpgrade;
    request.tcpPrologue = tcpPrologue(action, headers, streamInfo.connection);
    this.current = request;
    return request;
  }

  #watch(info: UpstreamInfo, perTryTimeoutMs: number): AttemptWatch | null {
    const { cluster, headers, callbacks, runtime } = this.routed;
    const { tracked } = cluster.info;
    const { upstreamLogs } = runtime;
    const startMs = runtime.clock.nowMs();
    const meter = tracked === null ? null : new AttemptMeter(tracked, headers, info, perTryTimeoutMs, startMs);
    if (upstreamLogs === null) return meter;
    const { streamInfo, timers } = callbacks;
    const log = new AttemptLog(upstreamLogs, { headers, streamInfo, timers }, info, startMs);
    return meter === null ? log : new BothWatches(meter, log);
  }

  /** The current attempt is too slow: another one is to be made beside it. */
  hedge(): void {
    this.hedged ??= new HedgedAttempts();
    this.hedged.add(this.current!);
    this.current = null;
  }

  /** Whether another one was made beside the attempt. */
  isHedged(attempt: UpstreamRequest): boolean {
    return this.hedged?.has(attempt) === true;
  }

  /** Forgets an attempt that is over; answers whether another one was made beside it. */
  drop(attempt: UpstreamRequest): boolean {
    if (this.hedged?.remove(attempt) === true) return true;
    this.current = null;
    return false;
  }

  /** Whether others than this one go on. */
  hasOthers(attempt: UpstreamRequest): boolean {
    const hedged = this.hedged === null ? 0 : this.hedged.count - (this.hedged.has(attempt) ? 1 : 0);
    return hedged > 0 || (this.current !== null && this.current !== attempt);
  }

  /** Gives up all attempts but the one whose response is taken; answers whether another one had been made beside it. */
  settleOn(attempt: UpstreamRequest): boolean {
    if (this.hedged === null) return false;
    const wasHedged = this.hedged.remove(attempt);
    this.hedged.cancel();
    if (this.current !== attempt) this.current?.cancel();
    this.hedged = null;
    this.current = attempt;
    attempt.info.attemptCount = this.count;
    this.routed.callbacks.streamInfo.upstream = attempt.info;
    return wasHedged;
  }

  /** Takes out one after the other of those that go on, the current one last; null = there are no more. */
  take(): UpstreamRequest | null {
    const hedged = this.hedged?.pop();
    if (hedged !== undefined) return hedged;
    const { current } = this;
    this.current = null;
    return current;
  }

  /** Gives up all. */
  cancel(): void {
    this.hedged?.cancel();
    this.current?.cancel();
    this.current = null;
  }

  /** Counted: the client takes the response too slowly. */
  readDisable(disable: boolean): void {
    this.current?.readDisable(disable);
    this.hedged?.readDisable(disable);
  }

  /** Makes the upstream's response the client's. `tookMs` is the time since the request was whole; -1 = it is not. */
  dressResponse(response: ResponseHeaderMap, tookMs: number): void {
    const { runtime, route, headers, callbacks } = this.routed;
    const { streamInfo } = callbacks;
    if (tookMs >= 0 && !runtime.data.suppressEnvoyHeaders) {
      response.set("x-envoy-upstream-service-time", String(Math.max(0, Math.trunc(tookMs))));
    }
    this.hostChoice?.addCookies(response);
    // The route's headers may name them.
    streamInfo.responseCode = response.status;
    streamInfo.responseCodeDetails = "via_upstream";
    route.finalizeResponseHeaders(response, headers, streamInfo);
    this.#addCount(response);
  }

  /** Makes a reply of the proxy's own one to a request that was attempted. */
  dressReply(reply: LocalReply): LocalReply {
    const modifyHeaders = (headers: ResponseHeaderMap) => {
      reply.modifyHeaders?.(headers);
      this.#addCount(headers);
    };
    return { ...reply, modifyHeaders };
  }

  #addCount(response: ResponseHeaderMap): void {
    if (this.count === 0 || !this.routed.route.virtualHost.includeAttemptCountInResponse) return;
    response.set("x-envoy-attempt-count", String(this.count));
  }

  #rewriteAuthority(hostname: string): void {
    const { runtime, action, headers } = this.routed;
    if (this.authorityRewritten) {
      headers.authority = hostname;
      return;
    }
    this.authorityRewritten = true;
    rewriteAuthority(headers, hostname, action.settings.appendXForwardedHost, !runtime.data.suppressEnvoyHeaders);
  }
}
