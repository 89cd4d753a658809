import type { CodecCounter } from "../http1/codec-stats.ts";

/** The part of a gauge that the codec uses. */
export interface CodecGauge {
  inc(): void;
  dec(): void;
  add(amount: number): void;
}

/** Envoy's `http2.` stats of all downstream connections or of one cluster; resolved when the user of the codec is built. */
export interface Http2CodecStats {
  readonly droppedHeadersWithUnderscores: CodecCounter;
  readonly requestsRejectedWithUnderscoresInHeaders: CodecCounter;
  readonly goawaySent: CodecCounter;
  readonly headerOverflow: CodecCounter;
  readonly headersCbNoStream: CodecCounter;
  readonly inboundEmptyFramesFlood: CodecCounter;
  readonly inboundPriorityFramesFlood: CodecCounter;
  readonly inboundWindowUpdateFramesFlood: CodecCounter;
  readonly keepaliveTimeout: CodecCounter;
  readonly outboundControlFlood: CodecCounter;
  readonly outboundFlood: CodecCounter;
  readonly rxMessagingError: CodecCounter;
  readonly rxReset: CodecCounter;
  readonly streamRefusedErrors: CodecCounter;
  readonly trailers: CodecCounter;
  readonly txFlushTimeout: CodecCounter;
  readonly txReset: CodecCounter;
  readonly streamsActive: CodecGauge;
  /** Bytes that wait for the peer's flow-control windows. */
  readonly pendingSendBytes: CodecGauge;
}

/** Names of the stats, as they stand behind the prefix `http2.`. */
export const HTTP2_CODEC_COUNTER_NAMES = {
  droppedHeadersWithUnderscores: "dropped_headers_with_underscores",
  requestsRejectedWithUnderscoresInHeaders: "requests_rejected_with_underscores_in_headers",
  goawaySent: "goaway_sent",
  headerOverflow: "header_overflow",
  headersCbNoStream: "headers_cb_no_stream",
  inboundEmptyFramesFlood: "inbound_empty_frames_flood",
  inboundPriorityFramesFlood: "inbound_priority_frames_flood",
  inboundWindowUpdateFramesFlood: "inbound_window_update_frames_flood",
  keepaliveTimeout: "keepalive_timeout",
  outboundControlFlood: "outbound_control_flood",
  outboundFlood: "outbound_flood",
  rxMessagingError: "rx_messaging_error",
  rxReset: "rx_reset",
  streamRefusedErrors: "stream_refused_errors",
  trailers: "trailers",
  txFlushTimeout: "tx_flush_timeout",
  txReset: "tx_reset",
} as const;

/** As above, for the gauges. */
const HTTP2_CODEC_GAUGE_NAMES = {
  streamsActive: "streams_active",
  pendingSendBytes: "pending_send_bytes",
} as const;

/** Makes the stats with what a scope offers. */
export function http2CodecStats(scope: {
  counter(name: string): CodecCounter;
  gauge(name: string): CodecGauge;
}): Http2CodecStats {
  const stats: Record<string, CodecCounter | CodecGauge> = {};
  for (const [key, name] of Object.entries(HTTP2_CODEC_COUNTER_NAMES)) stats[key] = scope.counter(name);
  for (const [key, name] of Object.entries(HTTP2_CODEC_GAUGE_NAMES)) stats[key] = scope.gauge(name);
  return stats as unknown as Http2CodecStats;
}

const nowhere = { inc: () => {}, dec: () => {}, add: () => {} };

/** Counts nothing; for code that runs outside a proxy. */
export const NO_HTTP2_CODEC_STATS: Http2CodecStats = http2CodecStats({ counter: () => nowhere, gauge: () => nowhere });
