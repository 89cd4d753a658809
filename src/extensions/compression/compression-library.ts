import type { BrotliCompress, BrotliDecompress, Gunzip, Gzip, ZstdCompress, ZstdDecompress } from "node:zlib";
import {
  createBrotliCompress,
  createBrotliDecompress,
  createGunzip,
  createGzip,
  createZstdCompress,
  createZstdDecompress,
  constants as zlib,
} from "node:zlib";

/** A stream of node:zlib, which works on the process's thread pool. */
export type CompressionStream = Gzip | Gunzip | BrotliCompress | BrotliDecompress | ZstdCompress | ZstdDecompress;

/** A compressor or decompressor library with its settings. Plain data. */
export interface CompressionLibraryData {
  readonly algorithm: "gzip" | "brotli" | "zstd";
  readonly chunkBytes: number;
  /** Options of node:zlib: numbers by name for gzip, by number of the parameter for the others. */
  readonly options: Readonly<Record<string, number>>;
  /** For zstd: what both sides know beforehand. */
  readonly dictionary?: Uint8Array;
  /** For decompressors: how many times as long as its input the output may become. */
  readonly maxRatio: number;
}

/** The word for each algorithm in `content-encoding`. */
export const CONTENT_ENCODINGS: Readonly<Record<CompressionLibraryData["algorithm"], string>> = {
  gzip: "gzip",
  brotli: "br",
  zstd: "zstd",
};

/** What makes each algorithm's stream give out all it has, without ending it. */
const FLUSHES: Readonly<Record<CompressionLibraryData["algorithm"], number>> = {
  gzip: zlib.Z_SYNC_FLUSH,
  brotli: zlib.BROTLI_OPERATION_FLUSH,
  zstd: zlib.ZSTD_e_flush,
};

/** How to flush a compressor of this library. */
export function flushKind({ algorithm }: CompressionLibraryData): number {
  return FLUSHES[algorithm];
}

/** Makes a compressor. Throws if node:zlib refuses the settings. */
export function createCompressor({
  algorithm,
  chunkBytes,
  options,
  dictionary,
}: CompressionLibraryData): CompressionStream {
  switch (algorithm) {
    case "gzip":
      return createGzip({ chunkSize: chunkBytes, ...options });
    case "brotli":
      return createBrotliCompress({ chunkSize: chunkBytes, params: { ...options } });
    default:
      return createZstdCompress({ chunkSize: chunkBytes, params: { ...options }, ...(dictionary && { dictionary }) });
  }
}

/** Makes a decompressor. Throws if node:zlib refuses the settings. */
export function createDecompressor({
  algorithm,
  chunkBytes,
  options,
  dictionary,
}: CompressionLibraryData): CompressionStream {
  switch (algorithm) {
    case "gzip":
      return createGunzip({ chunkSize: chunkBytes, ...options });
    case "brotli":
      return createBrotliDecompress({ chunkSize: chunkBytes, params: { ...options } });
    default:
      return createZstdDecompress({ chunkSize: chunkBytes, params: { ...options }, ...(dictionary && { dictionary }) });
  }
}
