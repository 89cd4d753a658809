import type { BreakerChunk } from "../../src/upstream/circuit-breaker/circuit-breaker-cells.ts";
import type { SharedLimitGrant } from "../../src/upstream/limits/shared-limits.ts";

/**
 * What goes with a snapshot beside its resources: the shared memory of circuit breakers and limits. Posted by structured clone, because
 * shared memory can't be packed.
 */
export interface BreakerExtras {
  /** Slot of each cluster that the snapshot brings. */
  readonly slots: ReadonlyMap<string, number>;
  readonly chunks: readonly BreakerChunk[];
  /** The same for the limits of filters: shared counts and token buckets. */
  readonly limits: SharedLimitGrant;
}

const NONE: BreakerExtras = { slots: new Map(), chunks: [], limits: { slots: new Map(), chunks: [] } };

/** The extras of a snapshot in their type; none if it came without. The supervisor's side makes nothing else. */
export function breakerExtras(extras: unknown): BreakerExtras {
  return extras === undefined ? NONE : (extras as BreakerExtras);
}
