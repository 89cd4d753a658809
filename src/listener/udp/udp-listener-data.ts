import type { CompiledExtension } from "../../config/compile-context.ts";

/** What makes a listener one for UDP. Plain data. */
export interface UdpListenerData {
  readonly filter: CompiledExtension;
  /** Larger datagrams of clients are dropped. */
  readonly maxDatagramBytes: number;
}
