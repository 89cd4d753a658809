import type { Buffer } from "node:buffer";
import type { InspectedConnection } from "./inspected-connection.ts";

/** What a listener filter answers: it is done, it needs more bytes, or the connection must end. */
export const InspectionStatus = { done: 0, moreData: 1, close: 2 } as const;
export type InspectionStatus = (typeof InspectionStatus)[keyof typeof InspectionStatus];

/** Looks at what a connection sends first. One for each connection. Source: Envoy's `Network::ListenerFilter`. */
export interface ListenerFilter {
  /** Asked once, before any byte is read; `moreData` if the filter has to see some. Absent: it has to. Must not throw. */
  onAccept?(connection: InspectedConnection): InspectionStatus;
  /**
   * `bytes` is all that has come since the connection began, but for what filters before have taken, at most `maxPeekBytes`; the filter must not
   * keep it. Called with each read until it answers other than `moreData`. The bytes stay for what comes next. Must not throw.
   */
  onPeek(bytes: Buffer, connection: InspectedConnection): InspectionStatus;
  /** Asked when the filter is done: how many of the bytes are its own, and gone for all others. Absent: none. */
  readonly takenBytes?: number;
}

/** Makes the instances of a configured listener filter. One for each listener and worker. */
export interface ListenerFilterFactory {
  /** How many bytes it may need to see; 0 if none. A filter that has been shown as many does not answer `moreData`. */
  readonly maxPeekBytes: number;
  createListenerFilter(): ListenerFilter;
  /** Releases what the factory holds, when its listener is gone. */
  dispose(): void;
}
