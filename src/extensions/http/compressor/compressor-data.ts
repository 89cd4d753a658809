import type { RuntimeFlagData } from "../../../runtime/runtime.ts";
import type { CompressionLibraryData } from "../../compression/compression-library.ts";

/** One direction of a compressor. Plain data. */
export interface CompressedDirectionData {
  readonly enabled: RuntimeFlagData;
  readonly minContentLength: number;
  /** Media types in lower case. */
  readonly contentTypes: readonly string[];
}

/** Envoy's `Compressor`, checked. Plain data. */
export interface CompressorData {
  /** `<name of the library>.<algorithm>`: what its stats stand behind. */
  readonly statName: string;
  /** `response.`, or nothing with the deprecated fields. */
  readonly responseStatPrefix: string;
  readonly library: CompressionLibraryData;
  readonly request: CompressedDirectionData;
  readonly response: CompressedDirectionData;
  readonly disableOnEtag: boolean;
  /** Responses with these statuses stay as they are. */
  readonly uncompressibleCodes: readonly number[];
  readonly removeAcceptEncoding: boolean;
  /** Win over others that the client likes as much. */
  readonly chooseFirst: boolean;
}

/** Envoy's `CompressorPerRoute`, checked. Null leaves a setting as the filter has it. Plain data. */
export interface CompressorRouteData {
  readonly enabled: boolean | null;
  readonly removeAcceptEncoding: boolean | null;
}
