import type { FormatContext } from "../http/format/format-context.ts";

/** Takes a note of each stream (or connection) that ended. Belongs to one worker. Never throws, never blocks. */
export interface AccessLog {
  /** Called once per occasion; reads what it needs at once and keeps nothing of `context`. */
  log(context: FormatContext): void;
  /** The configuration that made it is gone. What was logged is still written. */
  release(): void;
}
