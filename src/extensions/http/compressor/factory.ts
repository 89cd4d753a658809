import { CONTENT_ENCODINGS } from "../../compression/compression-library.ts";
import type { HttpFilterModule } from "../../extension-module.ts";
import type { CompressorData } from "./compressor-data.ts";
import { CompressorFilter, type CompressorRuntime } from "./filter.ts";
import { compressedDirectionStats, compressedResponseStats } from "./stats.ts";

/** `envoy.filters.http.compressor`, worker side. */
export const httpFilter: HttpFilterModule = {
  createFactory(config, { scope, worker }) {
    const data = config as CompressorData;
    const prefix = `compressor.${data.statName}.`;
    const runtime: CompressorRuntime = {
      data,
      values: worker.runtime,
      requestTypes: new Set(data.request.contentTypes),
      candidate: {
        encoding: CONTENT_ENCODINGS[data.library.algorithm],
        contentTypes: new Set(data.response.contentTypes),
        chooseFirst: data.chooseFirst,
      },
      requestStats: compressedDirectionStats(scope, `${prefix}request.`),
      responseStats: compressedResponseStats(scope, `${prefix}${data.responseStatPrefix}`),
    };
    return { create: (chain) => chain.addFilter(new CompressorFilter(runtime)), dispose: () => {} };
  },
};
