import type { TimerWheel, WheelTimer } from "../../../base/timer-wheel.ts";
import type { Protocol, StreamResetReason } from "../../../http/codec.ts";
import type { RequestHeaderMap, ResponseHeaderMap, TrailerMap } from "../../../http/header-map.ts";
import { createUpstreamInfo, type StreamInfo } from "../../../http/stream-info.ts";
import { type LoadBalancerContext, PLAIN_LOAD_BALANCER_CONTEXT } from "../../../lb/load-balancer-context.ts";
import type { ResourcePriority } from "../../../upstream/circuit-breaker/circuit-breaker.ts";
import { connectionWishes } from "../../../upstream/pool/connection-wishes.ts";
import type { ThreadLocalCluster } from "../../../upstream/thread-local-cluster.ts";
import { AttemptSpan } from "./attempt-span.ts";
import { responseTraits } from "./response-traits.ts";
import { failureOf } from "./upstream-failure.ts";
import { UpstreamRequest, type UpstreamRequestOwner } from "./upstream-request.ts";

/** What a copy of a request needs of the one it is a copy of. */
export interface ShadowSettings {
  readonly timers: TimerWheel;
  readonly priority: ResourcePriority;
  readonly downstreamProtocol: Protocol | "";
  /** From the whole request sent; 0 = none. */
  readonly timeoutMs: number;
  /** Bytes of the body that may wait for the host; 0 = no limit. */
  readonly limitBytes: number;
  /** Of the request itself. */
  readonly streamInfo: StreamInfo;
  /** Counts copies that were given up because their host was too slow. */
  readonly onAbandoned: () => void;
}

/** Shadows are requests of the proxy itself. */
const TRAITS = responseTraits(true, false);

/**
 * A copy of a request (`request_mirror_policies`) on its way to another cluster. Nobody waits for its response, which is counted and thrown away. It shares the
 * body's buffers with the request. Once it is sent whole it goes on by itself. Source: Envoy's streaming shadows.
 * Differs from Envoy: a copy whose host takes it too slowly is given up (`retry_or_shadow_abandoned`) and never pauses the client; and no
 * address is added to its `x-forwarded-for`.
 */
export class Shadow implements UpstreamRequestOwner {
  readonly #cluster: ThreadLocalCluster;
  readonly #settings: ShadowSettings;
  #request: UpstreamRequest | null = null;
  #timer: WheelTimer | null = null;
  #sentAllMs = -1;
  /** Bytes given to a host that had enough already. */
  #lateBytes = 0;
  #isBehind = false;
  #responded = false;

  constructor(cluster: ThreadLocalCluster, settings: ShadowSettings) {
    this.#cluster = cluster;
    this.#settings = settings;
  }

  /** `headers` are its own from now on. `traceSampled`: as in `RequestMirrorData`. */
  start(headers: RequestHeaderMap, endStream: boolean, traceSampled: boolean | null): void {
    const host = this.#cluster.chooseHost(this.#context(headers));
    if (host === null) {
      this.#charge(503);
      return;
    }
    headers.set("x-envoy-internal", "true");
    const wishes = connectionWishes(this.#cluster.info.wishes, null, headers);
    const info = createUpstreamInfo();
    info.clusterName = this.#cluster.info.observabilityName;
    info.clusterRawName = this.#cluster.info.name;
    const request = new UpstreamRequest(this, this.#cluster, host, headers, endStream, info, wishes);
    const { streamInfo } = this.#settings;
    if (streamInfo.span !== null) request.span = AttemptSpan.mirror(streamInfo, headers, traceSampled, this.nowMs());
    this.#request = request;
    this.#isBehind = true;
    request.start(this.#settings.priority, this.#settings.downstreamProtocol);
    if (endStream) this.#sentAll();
  }

  sendData(bytes: Buffer, endStream: boolean): void {
    if (this.#request === null) return;
    if (this.#isBehind) this.#lateBytes += bytes.length;
    const { limitBytes } = this.#settings;
    if (limitBytes > 0 && this.#lateBytes > limitBytes) {
      this.#settings.onAbandoned();
      this.cancel();
      return;
    }
    this.#request.sendData(bytes, endStream);
    if (endStream) this.#sentAll();
  }

  sendTrailers(trailers: TrailerMap): void {
    this.#request?.sendTrailers(trailers);
    this.#sentAll();
  }

  /** The request it is a copy of will never be whole. */
  cancel(): void {
    this.#request?.cancel();
    this.#end();
  }

  // ---- from the attempt ----

  get timers(): TimerWheel {
    return this.#settings.timers;
  }

  nowMs(): number {
    return this.#settings.timers.clock.nowMs();
  }

  onUpstreamConnected(): void {
    this.#caughtUp();
  }

  onUpstream1xxHeaders(): void {}

  onUpstreamMaxDuration(): void {
    this.#cluster.info.stats.rq.maxDurationReached.inc();
    this.cancel();
  }

  onUpstreamHeaders(request: UpstreamRequest, headers: ResponseHeaderMap, endStream: boolean): void {
    this.#responded = true;
    if (headers.status >= 500) request.host.stats.rqError++;
    else request.host.stats.rqSuccess++;
    this.#charge(headers.status);
    if (endStream) this.#complete();
  }

  onUpstreamData(_data: Buffer, endStream: boolean): void {
    if (endStream) this.#complete();
  }

  onUpstreamTrailers(): void {
    this.#complete();
  }

  onUpstreamReset(request: UpstreamRequest, reason: StreamResetReason): void {
    request.host.stats.rqError++;
    if (!this.#responded) this.#charge(failureOf(reason).status);
    this.#end();
  }

  onUpstreamAboveWriteBufferHighWatermark(): void {
    this.#isBehind = true;
  }

  onUpstreamBelowWriteBufferLowWatermark(): void {
    this.#caughtUp();
  }

  #caughtUp(): void {
    this.#isBehind = false;
    this.#lateBytes = 0;
  }

  #sentAll(): void {
    if (this.#request === null || this.#sentAllMs >= 0) return;
    this.#sentAllMs = this.nowMs();
    const { timeoutMs, timers } = this.#settings;
    if (timeoutMs === 0) return;
    this.#timer = timers.timer(() => this.#onTimeout());
    this.#timer.arm(timeoutMs);
  }

  #onTimeout(): void {
    const request = this.#request;
    if (request === null) return;
    this.#cluster.info.stats.rq.timeout.inc();
    request.host.stats.rqTimeout++;
    if (!this.#responded) this.#charge(504);
    this.cancel();
  }

  #charge(status: number): void {
    this.#cluster.info.stats.responses.chargeResponse(status, TRAITS);
  }

  #complete(): void {
    if (this.#sentAllMs >= 0) {
      this.#cluster.info.stats.responses.chargeTime(this.nowMs() - this.#sentAllMs, TRAITS);
      this.#end();
    } else {
      // Nobody waits for the rest of a request that has its answer.
      this.cancel();
    }
  }

  #end(): void {
    this.#timer?.disarm();
    this.#request = null;
  }

  #context(headers: RequestHeaderMap): LoadBalancerContext {
    if (!this.#cluster.info.choosesByHeader) return PLAIN_LOAD_BALANCER_CONTEXT;
    return { ...PLAIN_LOAD_BALANCER_CONTEXT, downstreamHeader: (name) => headers.get(name) };
  }
}
