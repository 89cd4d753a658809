import type { RuntimeFlagData } from "../../../runtime/runtime.ts";
/** Envoy's `ConnectionLimit`, checked. Plain data. */
export interface ConnectionLimitData {
  readonly statPrefix: string;
  /** Of all workers together. */
  readonly maxConnections: number;
  /** How long a connection too many stays open, unread; 0 = it is closed at once. */
  readonly delayMs: number;
  readonly enabled: RuntimeFlagData;
  /** Name of the `sharedCount` resource. */
  readonly count: string;
}
