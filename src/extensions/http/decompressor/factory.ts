import { CONTENT_ENCODINGS } from "../../compression/compression-library.ts";
import type { HttpFilterModule } from "../../extension-module.ts";
import type { DecompressorData } from "./decompressor-data.ts";
import { DecompressorFilter, type DecompressorRuntime } from "./filter.ts";
import { decompressorStats } from "./stats.ts";

/** `envoy.filters.http.decompressor`, worker side. */
export const httpFilter: HttpFilterModule = {
  createFactory(config, { scope, worker }) {
    const data = config as DecompressorData;
    const prefix = `decompressor.${data.statName}.`;
    const runtime: DecompressorRuntime = {
      data,
      values: worker.runtime,
      encoding: CONTENT_ENCODINGS[data.library.algorithm],
      requestStats: decompressorStats(scope, `${prefix}request.`),
      responseStats: decompressorStats(scope, `${prefix}response.`),
    };
    return { create: (chain) => chain.addFilter(new DecompressorFilter(runtime)), dispose: () => {} };
  },
};
