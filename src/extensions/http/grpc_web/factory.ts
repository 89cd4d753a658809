import type { HttpFilterModule } from "../../extension-module.ts";
import { GrpcWebFilter } from "./filter.ts";

/** `envoy.filters.http.grpc_web`, worker side. */
export const httpFilter: HttpFilterModule = {
  createFactory: (_data, { worker: { clusters } }) => ({
    create: (chain) => chain.addFilter(new GrpcWebFilter(clusters)),
    dispose: () => {},
  }),
};
