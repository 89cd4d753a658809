/** Envoy's `HttpUri`, checked: where a request of the proxy itself goes. Plain data. */
export interface HttpServiceData {
  readonly cluster: string;
  readonly scheme: string;
  /** `host[:port]` of the URI. */
  readonly authority: string;
  /** Path and query of the URI; at least `/`. */
  readonly path: string;
  readonly timeoutMs: number;
}
