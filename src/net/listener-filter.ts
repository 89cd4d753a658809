import type { Buffer } from "node:buffer";

/** What listener filters find out about a connection before its filter chain is chosen. Each is set by the filter that knows it. */
export interface InspectedConnection {
  /** In lower case; `""` if the client names none. */
  serverName: string;
  /** `raw_buffer` or `tls`. */
  transportProtocol: string;
  /** What the client offers, its favourite first. */
  applicationProtocols: readonly string[];
}

/** What a listener filter answers: it is done, it needs more bytes, or the connection must end. */
export const InspectionStatus = { done: 0, moreData: 1, close: 2 } as const;
export type InspectionStatus = (typeof InspectionStatus)[keyof typeof InspectionStatus];

/** Looks at what a connection sends first. One for each connection. Source: Envoy's `Network::ListenerFilter`. */
export interface ListenerFilter {
  /**
   * `bytes` is all that has come since the connection began, at most `maxPeekBytes`; the filter must not keep it. Called with each read until it
   * answers other than `moreData`. The bytes stay for what comes next. Must not throw.
   */
  onPeek(bytes: Buffer, connection: InspectedConnection): InspectionStatus;
}

/** Makes the instances of a configured listener filter. One for each listener and worker. */
export interface ListenerFilterFactory {
  /** How many bytes it may need to see, above 0. A filter that has been shown as many does not answer `moreData`. */
  readonly maxPeekBytes: number;
  createListenerFilter(): ListenerFilter;
  /** Releases what the factory holds, when its listener is gone. */
  dispose(): void;
}
