import { customTagValue } from "../http/custom-tag.ts";
import type { RequestHeaderMap, ResponseHeaderMap, TrailerMap } from "../http/header-map.ts";
import type { Span } from "../http/span.ts";
import { ResponseFlag, type StreamInfo, type UpstreamInfo } from "../http/stream-info.ts";
import { splitAddress } from "../match/ip-address.ts";

const FLAG_NAMES: readonly string[] = Object.keys(ResponseFlag);
/** gRPC codes that mean that the server failed. */
const GRPC_SERVER_ERRORS: ReadonlySet<string> = new Set(["2", "4", "12", "13", "14", "15"]);

/** What is known of a request when it is over. */
export interface FinishedRequest {
  readonly requestHeaders: RequestHeaderMap | null;
  readonly responseHeaders: ResponseHeaderMap | null;
  readonly responseTrailers: TrailerMap | null;
  readonly streamInfo: StreamInfo;
}

/** What is known of an attempt when it is over. */
export interface FinishedAttempt {
  /** 0 = there was no response. */
  readonly status: number;
  /** Bit set of `ResponseFlag`. */
  readonly flags: number;
  /** The cluster's own name. */
  readonly cluster: string;
  readonly info: UpstreamInfo;
}

/** Sets the tags of a request's span, as Envoy's `HttpTracerUtility::finalizeDownstreamSpan` does, and ends it. */
export function finishDownstreamSpan(span: Span, request: FinishedRequest): void {
  const { requestHeaders, responseHeaders, responseTrailers, streamInfo } = request;
  if (span.sampled) {
    if (requestHeaders !== null) tagRequest(span, requestHeaders, streamInfo);
    span.setTag("request_size", String(streamInfo.bytesReceived));
    span.setTag("response_size", String(streamInfo.bytesSent));
    tagOutcome(span, streamInfo.responseCode, streamInfo.responseFlags);
    const { upstream } = streamInfo;
    if (upstream !== null && upstream.clusterName !== "")
      tagCluster(span, upstream.clusterRawName, upstream.clusterName);
    if (upstream !== null && upstream.hostAddress !== "") span.setTag("upstream_address", upstream.hostAddress);
    tagGrpcResponse(span, responseHeaders);
    tagGrpcResponse(span, responseTrailers);
    if (span.settings.verbose) logTimes(span, streamInfo, upstream);
    tagCustom(span, requestHeaders, streamInfo);
  }
  span.finish(wallMs(streamInfo, streamInfo.completedMs));
}

/** Sets the tags of an attempt's span, as Envoy's `finalizeUpstreamSpan` does, and ends it. `nowMs` is on the worker's clock. */
export function finishUpstreamSpan(
  span: Span,
  attempt: FinishedAttempt,
  headers: RequestHeaderMap,
  streamInfo: StreamInfo,
  nowMs: number,
): void {
  if (span.sampled) {
    const { info } = attempt;
    span.setTag("http.protocol", info.protocol === "" ? "-" : info.protocol);
    span.setTag("upstream_address", info.hostAddress);
    span.setTag("peer.address", info.hostAddress);
    tagOutcome(span, attempt.status, attempt.flags);
    tagCluster(span, attempt.cluster, info.clusterName);
    if (span.settings.verbose) logTimes(span, streamInfo, info);
    tagCustom(span, headers, streamInfo);
  }
  span.finish(wallMs(streamInfo, nowMs));
}

/** A moment of the worker's clock as milliseconds since the epoch. */
export function wallMs(streamInfo: StreamInfo, monotonicMs: number): number {
  return streamInfo.startWallMs + (monotonicMs - streamInfo.startMs);
}

function tagRequest(span: Span, headers: RequestHeaderMap, streamInfo: StreamInfo): void {
  if (streamInfo.requestId !== "") span.setTag("guid:x-request-id", streamInfo.requestId);
  span.setTag("http.url", originalUrl(headers, span.settings.maxPathTagLength));
  span.setTag("http.method", headers.method);
  span.setTag("downstream_cluster", headers.get("x-envoy-downstream-service-cluster") ?? "-");
  span.setTag("user_agent", headers.get("user-agent") ?? "-");
  span.setTag("http.protocol", streamInfo.protocol === "" ? "-" : streamInfo.protocol);
  span.setTag("peer.address", splitAddress(streamInfo.connection.directRemoteAddress).ip);
  const clientTraceId = headers.get("x-client-trace-id");
  if (clientTraceId !== undefined) span.setTag("guid:x-client-trace-id", clientTraceId);
  if (!headers.get("content-type")?.startsWith("application/grpc")) return;
  span.setTag("grpc.path", headers.path);
  span.setTag("grpc.authority", headers.authority);
  span.setTag("grpc.content_type", headers.get("content-type")!);
  const timeout = headers.get("grpc-timeout");
  if (timeout !== undefined) span.setTag("grpc.timeout", timeout);
}

/** The URL that the client asked for, its path cut to `maxPathLength`. */
function originalUrl(headers: RequestHeaderMap, maxPathLength: number): string {
  const path = headers.get("x-envoy-original-path") ?? headers.path;
  const scheme = headers.get("x-forwarded-proto") ?? headers.scheme;
  return `${scheme}://${headers.authority}${path.slice(0, maxPathLength)}`;
}

function tagOutcome(span: Span, status: number, flags: number): void {
  span.setTag("component", "proxy");
  span.setTag("http.status_code", String(status));
  span.setTag("response_flags", flagText(flags));
  if (status === 0 || status >= 500) span.setTag("error", "true");
}

function tagCluster(span: Span, name: string, observabilityName: string): void {
  span.setTag("upstream_cluster", name);
  span.setTag("upstream_cluster.name", observabilityName);
}

function tagGrpcResponse(span: Span, headers: ResponseHeaderMap | TrailerMap | null): void {
  const status = headers?.get("grpc-status");
  if (status === undefined) return;
  span.setTag("grpc.status_code", status);
  const message = headers?.get("grpc-message");
  if (message !== undefined) span.setTag("grpc.message", message);
  if (GRPC_SERVER_ERRORS.has(status)) span.setTag("error", "true");
}

function flagText(flags: number): string {
  if (flags === 0) return "-";
  return FLAG_NAMES.filter((_, bit) => (flags & (1 << bit)) !== 0).join(",");
}

function tagCustom(span: Span, headers: RequestHeaderMap | null, streamInfo: StreamInfo): void {
  for (const { tag, source } of span.settings.customTags) {
    const value = customTagValue(source, headers, streamInfo);
    if (value !== "") span.setTag(tag, value);
  }
}

/** Envoy's words for the moments that `verbose` notes. */
function logTimes(span: Span, streamInfo: StreamInfo, upstream: UpstreamInfo | null): void {
  const note = (atMs: number | undefined, event: string): void => {
    if (atMs !== undefined && atMs >= 0) span.log(wallMs(streamInfo, atMs), event);
  };
  note(streamInfo.requestLastByteMs, "last_downstream_rx_byte_received");
  note(upstream?.firstByteSentAtMs, "first_upstream_tx_byte_sent");
  note(upstream?.lastByteSentAtMs, "last_upstream_tx_byte_sent");
  note(upstream?.firstByteReceivedAtMs, "first_upstream_rx_byte_received");
  note(upstream?.lastByteReceivedAtMs, "last_upstream_rx_byte_received");
  note(streamInfo.responseFirstByteMs, "first_downstream_tx_byte_sent");
  note(streamInfo.responseLastByteMs, "last_downstream_tx_byte_sent");
}
