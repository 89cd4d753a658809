import type { HttpFilterModule } from "../../extension-module.ts";
import { type GrpcHttp1BridgeData, GrpcHttp1BridgeFilter } from "./filter.ts";

/** `envoy.filters.http.grpc_http1_bridge`, worker side. */
export const httpFilter: HttpFilterModule = {
  createFactory: (data, { worker: { clusters } }) => ({
    create: (chain) => chain.addFilter(new GrpcHttp1BridgeFilter(data as GrpcHttp1BridgeData, clusters)),
    dispose: () => {},
  }),
};
