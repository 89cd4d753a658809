/** The part of a counter that the codec uses. */
export interface CodecCounter {
  inc(): void;
}

/** Envoy's `http1.` counters of one listener's connection manager or one cluster; resolved when it is built. */
export interface Http1CodecStats {
  readonly droppedHeadersWithUnderscores: CodecCounter;
  readonly requestsRejectedWithUnderscoresInHeaders: CodecCounter;
}

/** Names of the counters, as they stand behind the prefix `http1.`. */
export const HTTP1_CODEC_STAT_NAMES: Readonly<Record<keyof Http1CodecStats, string>> = {
  droppedHeadersWithUnderscores: "dropped_headers_with_underscores",
  requestsRejectedWithUnderscoresInHeaders: "requests_rejected_with_underscores_in_headers",
};

const nowhere: CodecCounter = { inc: () => {} };

/** Counts nothing; for code that runs outside a proxy. */
export const NO_HTTP1_CODEC_STATS: Http1CodecStats = {
  droppedHeadersWithUnderscores: nowhere,
  requestsRejectedWithUnderscoresInHeaders: nowhere,
};
