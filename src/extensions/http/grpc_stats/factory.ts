import type { HttpFilterModule } from "../../extension-module.ts";
import { type GrpcStatsData, GrpcStatsFilter, type GrpcStatsRuntime } from "./filter.ts";

/** `envoy.filters.http.grpc_stats`, worker side. */
export const httpFilter: HttpFilterModule = {
  createFactory(config, { worker }) {
    const data = config as GrpcStatsData;
    const runtime: GrpcStatsRuntime = {
      data,
      methods: data.methods === "all" ? "all" : new Set(data.methods),
      clusters: worker.clusters,
    };
    return { create: (chain) => chain.addFilter(new GrpcStatsFilter(runtime)), dispose: () => {} };
  },
};
