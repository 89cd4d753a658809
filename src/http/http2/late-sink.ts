import type { ByteSink } from "../codec.ts";

/** Has bytes to write that it gathers until the event ends. */
export interface LateWriter {
  /** Writes them to the sink. */
  writeLate(): void;
}

/** A sink that lets its writer wait for the end of the event. */
export interface LateSink extends ByteSink {
  /** Has `writer` called once, when the event ends, before anything is sent. A sink has one such writer. */
  writeLater(writer: LateWriter): void;
}
