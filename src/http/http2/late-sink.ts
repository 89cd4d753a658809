import type { LateWriter } from "../../base/late-writer.ts";
import type { ByteSink } from "../codec.ts";

/** A sink that lets its writer wait for the end of the turn: until all events that the event loop has found are handled. */
export interface LateSink extends ByteSink {
  /** Has `writer` called once, before anything is sent, and at the end of the turn at the latest. A sink has one such writer. */
  writeLater(writer: LateWriter): void;
}
