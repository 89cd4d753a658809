/** Envoy's `ZipkinConfig`, checked. Plain data. */
export interface ZipkinData {
  readonly collectorCluster: string;
  /** The path that spans are posted to. */
  readonly collectorEndpoint: string;
  /** The `:authority` of these requests. */
  readonly collectorHostname: string;
  readonly traceId128Bit: boolean;
  /** Client and server of an exchange have one span together. */
  readonly sharedSpanContext: boolean;
  /** The name of this proxy in traces: `node.cluster`. */
  readonly serviceName: string;
}
