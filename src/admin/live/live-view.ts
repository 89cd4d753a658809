import type { LiveSample } from "./live-sample.ts";

/** Where everything stands, as it changes. */
export interface LiveView {
  /** Whether as many watch as may. */
  isFull(): boolean;
  /** A sample each second, from the first one that is asked for until the consumer returns. Ends at once if it is full. */
  samples(): AsyncGenerator<LiveSample, void>;
  /** How much watching there is. */
  watching(): Watching;
}

/** Who watches, and what that has cost. */
export interface Watching {
  /** Clients that get samples now. */
  readonly clients: number;
  /** Taken since the start: this stands still while nobody watches. */
  readonly samples: number;
}
