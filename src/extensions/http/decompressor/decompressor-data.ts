import type { RuntimeFlagData } from "../../../runtime/runtime.ts";
import type { CompressionLibraryData } from "../../compression/compression-library.ts";

/** One direction of a decompressor. Plain data. */
export interface DecompressedDirectionData {
  readonly enabled: RuntimeFlagData;
  /** Whether messages with `cache-control: no-transform` are decompressed all the same. */
  readonly ignoresNoTransform: boolean;
}

/** Envoy's `Decompressor`, checked. Plain data. */
export interface DecompressorData {
  /** `<name of the library>.<algorithm>`: what its stats stand behind. */
  readonly statName: string;
  readonly library: CompressionLibraryData;
  readonly request: DecompressedDirectionData;
  readonly response: DecompressedDirectionData;
  /** Whether upstreams are told that responses may be compressed. */
  readonly advertises: boolean;
}
