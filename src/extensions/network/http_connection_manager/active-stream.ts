import { acceptsUpgrade } from "../../../http/accepts-upgrade.ts";
import type {
  CodecError,
  Protocol,
  RequestDecoder,
  ResponseEncoder,
  StreamCallbacks,
  StreamResetReason,
} from "../../../http/codec.ts";
import type { LocalReply } from "../../../http/filter.ts";
import {
  FilterManager,
  type FilterManagerStream,
  type NamedHttpFilter,
} from "../../../http/filter-manager/filter-manager.ts";
import type { FormatContext } from "../../../http/format/format-context.ts";
import type { RequestHeaderMap, ResponseHeaderMap, TrailerMap } from "../../../http/header-map.ts";
import type { LocalReplyRewriter } from "../../../http/local-reply.ts";
import { ResponseFlag } from "../../../http/stream-info.ts";
import type { StreamUse } from "../../../net/connection-use.ts";
import type { Route } from "../../../route/route.ts";
import { finishDownstreamSpan } from "../../../tracing/span-tags.ts";
import { takeHopByHopHeaders } from "./hop-by-hop.ts";
import { checkRequestTarget } from "./request-checks.ts";
import { mutateRequestHeaders } from "./request-headers.ts";
import { mutateResponseHeaders } from "./response-headers.ts";
import { statusText } from "./status-text.ts";
import { streamUse } from "./stream-use.ts";
import { TimedStream, type TimedStreamConnection } from "./timed-stream.ts";
import { upgradeFilters } from "./upgrade-filters.ts";

const NO_HEADERS: readonly string[] = [];

/** The connection that a stream came on. */
export interface StreamConnection extends TimedStreamConnection {
  readonly bufferLimitBytes: number;
  /** One stream at a time, and a stream that ends early costs the connection. */
  readonly isHttp1: boolean;
  /** The response now being sent is the last of its connection. */
  shouldClose(): boolean;
  /** From now on `shouldClose` holds. */
  closeAfterResponse(): void;
  /** The peer has ended a stream that had no answer yet, or made us end it (HTTP/2 only). May throw a `CodecError`. */
  onPrematureReset(): void;
  /** The stream is over. `aborted`: the peer's view of it is broken; an HTTP/1 connection has to end. */
  onStreamDone(stream: ActiveStream, aborted: boolean): void;
}

/**
 * One request and its response in the connection manager: between the codec and the filters. Does what comes before the
 * first filter (checks, header treatment, route) and behind the last (response headers, stats, access log). Source: Envoy's
 * `ConnectionManagerImpl::ActiveStream`.
 */
export class ActiveStream extends TimedStream implements RequestDecoder, StreamCallbacks, FilterManagerStream {
  private readonly connection: StreamConnection;
  private readonly encoder: ResponseEncoder;
  /** Another one after a restart. */
  private filters: FilterManager;
  /** How often the codec has said that the peer is slow, and not taken it back. */
  private slowCount = 0;
  private requestHeaders: RequestHeaderMap | null = null;
  private responseHeaders: ResponseHeaderMap | null = null;
  private responseTrailers: TrailerMap | null = null;
  /** Undefined = not looked up yet, or forgotten. */
  private cachedRoute: Route | null | undefined = undefined;
  /** One value for the whole stream, so that a second look at the routes picks the same weighted cluster; -1 = not drawn yet. */
  private routeRandom = -1;
  private done = false;
  /** The operation to name in the response; `""` = none. */
  private operation = "";

  constructor(connection: StreamConnection, encoder: ResponseEncoder, protocol: Protocol) {
    super(connection, protocol);
    this.connection = connection;
    this.encoder = encoder;
    this.streamInfo.wire = encoder.stream;
    this.filters = new FilterManager(this, connection.bufferLimitBytes);
    encoder.stream.setCallbacks(this);
    this.armTimers();
  }

  /** Of its connection's streams. */
  get id(): number {
    return this.encoder.stream.id;
  }

  // ---- request, from the codec ----

  decodeHeaders(headers: RequestHeaderMap, endStream: boolean): void {
    const data = this.runtime.data;
    this.requestHeaders = headers;
    // Known to the filters before anything can answer: a local reply asks for the method.
    this.filters.requestHeaders = headers;
    this.active();
    if (endStream) this.#requestEnded();
    if (this.runtime.accessLogs.length > 0) this.streamInfo.requestHeadersBytes = headers.byteSize();
    const hop = takeHopByHopHeaders(headers);
    if (hop.close) this.connection.closeAfterResponse();
    const internalOnly = this.runtime.routes.current?.internalOnlyHeaders ?? NO_HEADERS;
    const refusal =
      checkRequestTarget(headers, data, this.runtime.stats, this.connection.info.localAddress) ??
      mutateRequestHeaders(headers, this.streamInfo, this.runtime.headers, internalOnly);
    if (refusal !== null) {
      this.sendLocalReply(refusal);
      return;
    }
    const route = this.route();
    if (this.runtime.tracing !== null) this.operation = this.runtime.tracing.start(headers, this.streamInfo, route);
    const upgrade = headers.method === "CONNECT" ? "connect" : hop.upgrade;
    const filters = upgrade === "" ? this.runtime.filters : this.#upgradeChain(upgrade, headers, route);
    if (filters === null) return;
    this.filters.createChain(filters, route);
    if (data.accessLogOptions.onNewRequest) this.log("DownstreamStart");
    this.filters.decodeHeaders(headers, endStream);
  }

  /** The filters of a request that asks to switch protocols; null if it may not and was refused. */
  #upgradeChain(type: string, headers: RequestHeaderMap, route: Route | null): readonly NamedHttpFilter[] | null {
    const { stats, upgrades } = this.runtime;
    const filters = upgradeFilters(type, route, upgrades, this.runtime.filters);
    if (filters === null) {
      stats.rqWsOnNonWsRoute.inc();
      this.sendLocalReply({ status: 403, body: "", details: "upgrade_failed" });
      return null;
    }
    this.streamInfo.asksUpgrade = true;
    stats.cxUpgradesTotal.inc();
    stats.cxUpgradesActive.inc();
    if (type !== "connect") {
      // What concerns one hop only is asked of the next one too.
      headers.add("connection", "upgrade");
      headers.add("upgrade", type);
    }
    return filters;
  }

  decodeData(data: Buffer, endStream: boolean): void {
    this.streamInfo.bytesReceived += data.length;
    this.active();
    if (endStream) this.#requestEnded();
    this.filters.decodeData(data, endStream);
  }

  decodeTrailers(trailers: TrailerMap): void {
    this.active();
    this.#requestEnded();
    this.filters.decodeTrailers(trailers);
  }

  // ---- the codec's other calls ----

  onResetStream(reason: StreamResetReason, details: string): void {
    if (this.done) return;
    if (reason === "connection termination") {
      this.onConnectionClosed("downstream_remote_disconnect", "");
      return;
    }
    if (details !== "") this.streamInfo.responseCodeDetails = details;
    if (reason === "remote reset" || reason === "remote refused stream reset") {
      this.runtime.stats.rqRxReset.inc();
      this.streamInfo.setResponseFlag(ResponseFlag.DC);
    } else {
      this.runtime.stats.rqTxReset.inc();
    }
    const isPremature = this.responseHeaders === null && reason !== "local reset";
    this.#finish(true);
    if (isPremature) this.connection.onPrematureReset();
  }

  onAboveWriteBufferHighWatermark(): void {
    this.slowCount++;
    this.filters.onDownstreamAboveHighWatermark();
  }
  onBelowWriteBufferLowWatermark(): void {
    this.slowCount--;
    this.filters.onDownstreamBelowLowWatermark();
  }

  /** The connection is gone. `details` say by whom; a peer that left before its answer is `DC`. */
  onConnectionClosed(details: string, terminationDetails: string): void {
    if (this.done) return;
    this.streamInfo.setResponseFlag(ResponseFlag.DC);
    this.streamInfo.responseCodeDetails = details;
    this.streamInfo.connectionTerminationDetails = terminationDetails;
    this.runtime.stats.rqRxReset.inc();
    this.#finish(true);
  }

  /** The HTTP/2 connection was ended because of what the peer sent, with all of its streams. */
  onConnectionError(error: CodecError): void {
    if (this.done) return;
    this.streamInfo.setResponseFlag(ResponseFlag.DPE);
    this.streamInfo.responseCodeDetails = `codec_error:${error.message.replaceAll(" ", "_")}`;
    this.runtime.stats.rqRxReset.inc();
    this.#finish(true);
  }

  /** The request's bytes broke the protocol. Answers if nothing was answered yet; then the connection ends. */
  onCodecError(error: CodecError): void {
    if (this.done) return;
    this.streamInfo.setResponseFlag(ResponseFlag.DPE);
    this.connection.closeAfterResponse();
    // What follows on the wire can't be read any more, so the request counts as over.
    this.remoteComplete = true;
    if (this.responseHeaders === null) {
      this.sendLocalReply({ status: error.status, body: statusText(error.status), details: error.details });
      return;
    }
    this.streamInfo.responseCodeDetails = error.details;
    this.#finish(true);
  }

  // ---- what filters ask of the stream ----

  route(): Route | null {
    if (this.cachedRoute !== undefined) return this.cachedRoute;
    const table = this.runtime.routes.current;
    const headers = this.requestHeaders;
    if (table === null || headers === null) return null;
    if (this.routeRandom < 0) this.routeRandom = this.runtime.random.uint32();
    const route = table.route(headers, this.routeRandom, this.streamInfo);
    this.cachedRoute = route;
    const info = this.streamInfo;
    info.routeName = route === null ? "" : route.name;
    info.virtualHostName = route === null ? "" : route.virtualHost.name;
    info.routeMetadata = route === null ? null : route.metadata;
    info.virtualHostMetadata = route === null ? null : route.virtualHost.metadata;
    if (route !== null) this.applyRouteTimeouts(route, headers);
    return route;
  }
  clearRouteCache(): void {
    this.cachedRoute = undefined;
  }

  /** A reply before the route was looked for has none; those of routes that don't forward are dressed by the router. */
  dressLocalReply(headers: ResponseHeaderMap): void {
    if (this.routeRandom < 0) return;
    const route = this.route();
    if (route?.action.type === "forward") route.finalizeResponseHeaders(headers, this.requestHeaders, this.streamInfo);
  }

  pauseRequest(pause: boolean): void {
    if (this.done || this.remoteComplete) return;
    if (pause) this.runtime.stats.flowPaused.inc();
    else this.runtime.stats.flowResumed.inc();
    this.encoder.stream.readDisable(pause);
  }

  onRequestDataTooLarge(): void {
    this.runtime.stats.rqTooLarge.inc();
  }
  onResponseDataTooLarge(): void {
    this.runtime.stats.rsTooLarge.inc();
  }

  resetStream(): void {
    if (!this.done) this.encoder.stream.reset("local reset");
  }

  restart(body: readonly Buffer[], trailers: TrailerMap | null): boolean {
    const headers = this.requestHeaders;
    if (this.done || !this.remoteComplete || this.streamInfo.asksUpgrade || headers === null) return false;
    const { runtime } = this;
    this.active();
    this.streamInfo.responseCodeDetails = "internal_redirect";
    this.filters.destroy();
    this.#conclude();
    this.streamInfo = this.streamInfo.restarted(this.lastActivityMs, runtime.clock.wallMs());
    runtime.stats.rqTotal.inc();
    this.filters = new FilterManager(this, this.connection.bufferLimitBytes);
    this.filters.requestHeaders = headers;
    for (let i = 0; i < this.slowCount; i++) this.filters.onDownstreamAboveHighWatermark();
    const refusal = checkRequestTarget(headers, runtime.data, runtime.stats, this.connection.info.localAddress);
    if (refusal !== null) {
      this.sendLocalReply(refusal);
      return true;
    }
    this.cachedRoute = undefined;
    const route = this.route();
    if (runtime.tracing !== null) this.operation = runtime.tracing.start(headers, this.streamInfo, route);
    this.filters.createChain(runtime.filters, route);
    this.filters.decodeWhole(headers, body, trailers);
    return true;
  }

  get localReplies(): LocalReplyRewriter | null {
    return this.runtime.localReplies;
  }

  /** Also a reply that comes before the filters were made passes them, so that they can dress it. */
  sendLocalReply(reply: LocalReply): void {
    this.filters.createChain(this.runtime.filters, this.cachedRoute ?? null);
    this.filters.sendLocalReply(reply);
  }

  // ---- response, from the filters ----

  encode1xxHeaders(headers: ResponseHeaderMap): void {
    this.active();
    // Unless it is passed on, the codec has answered `Expect: 100-continue` itself.
    if (headers.status === 100 && !this.runtime.data.proxy100Continue) return;
    this.encoder.encode1xxHeaders(headers);
  }

  encodeHeaders(headers: ResponseHeaderMap, endStream: boolean): void {
    const { data, stats, accessLogs } = this.runtime;
    const info = this.streamInfo;
    this.active();
    const isTunnel =
      this.streamInfo.asksUpgrade && acceptsUpgrade(this.requestHeaders!.method === "CONNECT", headers.status);
    const protocol = isTunnel ? headers.get("upgrade") : undefined;
    mutateResponseHeaders(headers, this.requestHeaders, data, this.runtime.date);
    if (protocol !== undefined) headers.set("upgrade", protocol);
    this.responseHeaders = headers;
    info.responseCode = headers.status;
    info.responseFirstByteMs = this.lastActivityMs;
    if (accessLogs.length > 0) info.responseHeadersBytes = headers.byteSize();
    this.runtime.tracing?.onResponse(headers, this.operation, info.span);
    if (isTunnel) {
      // Its request never ends before it does.
      this.requestTimer?.disarm();
    } else if (this.connection.isHttp1) {
      if (!this.remoteComplete) {
        // Nobody will read the rest of the request, so nothing can follow it.
        stats.rqResponseBeforeRqComplete.inc();
        this.connection.closeAfterResponse();
      }
      if (this.connection.shouldClose()) headers.set("connection", "close");
    } else {
      // Not for this response, but it is the moment to look whether the connection is to be wound up.
      this.connection.shouldClose();
    }
    stats.chargeResponse(headers.status);
    this.encoder.encodeHeaders(headers, endStream);
    if (isTunnel && data.accessLogOptions.onTunnelEstablished) this.log("DownstreamTunnelSuccessfullyEstablished");
    if (endStream) this.#responseEnded();
  }

  encodeData(bytes: Buffer, endStream: boolean): void {
    this.active();
    this.streamInfo.bytesSent += bytes.length;
    this.encoder.encodeData(bytes, endStream);
    if (endStream) this.#responseEnded();
  }

  encodeTrailers(trailers: TrailerMap): void {
    this.active();
    this.responseTrailers = trailers;
    this.encoder.encodeTrailers(trailers);
    this.#responseEnded();
  }

  /** For people who ask. */
  describe(): StreamUse {
    return streamUse(this.streamInfo, this.requestHeaders, {
      lastActivityMs: this.lastActivityMs,
      requestComplete: this.remoteComplete,
      bufferedBytes: this.filters.bufferedBytes,
    });
  }

  // ---- ends and timeouts ----

  #requestEnded(): void {
    this.remoteComplete = true;
    this.streamInfo.requestLastByteMs = this.lastActivityMs;
    this.requestTimer?.disarm();
  }

  #responseEnded(): void {
    if (this.done) return;
    this.streamInfo.responseLastByteMs = this.lastActivityMs;
    const isCut = !this.remoteComplete && !this.connection.isHttp1;
    this.#finish(false);
    // Nobody will read the rest of the request.
    if (isCut) this.encoder.stream.reset("local reset");
  }

  /** The one exit of every stream. */
  #finish(aborted: boolean): void {
    this.done = true;
    const { runtime } = this;
    this.disarmTimers();
    runtime.stats.rqActive.dec();
    if (this.streamInfo.asksUpgrade) runtime.stats.cxUpgradesActive.dec();
    this.filters.destroy();
    this.#conclude();
    this.connection.onStreamDone(this, aborted);
  }

  /** Puts what was recorded on record. */
  #conclude(): void {
    const { runtime, streamInfo: info } = this;
    info.completedMs = runtime.clock.nowMs();
    runtime.stats.rqTime.record(info.completedMs - info.startMs);
    if (info.responseFlags !== 0 || info.responseCode >= 500) runtime.failures?.note(info, this.requestHeaders);
    this.log("DownstreamEnd");
    if (info.span !== null) finishDownstreamSpan(info.span, this.#formatContext("DownstreamEnd"));
  }

  protected override log(accessLogType: string): void {
    const { accessLogs } = this.runtime;
    if (accessLogs.length === 0) return;
    const context = this.#formatContext(accessLogType);
    for (const log of accessLogs) log.log(context);
  }

  #formatContext(accessLogType: string): FormatContext {
    const { requestHeaders, responseHeaders, responseTrailers, streamInfo } = this;
    return { requestHeaders, responseHeaders, responseTrailers, streamInfo, accessLogType };
  }
}
