/** Where the lines of a sink go. Never throws, never blocks: what can't be sent is dropped and counted or logged. */
export interface LineDestination {
  /** Sends all lines of one flush. */
  send(lines: Iterable<string>): void;
  close(): void;
}
