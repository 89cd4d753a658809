import type { NetworkFilterModule } from "../../extension-module.ts";
import { SniClusterFilter } from "./filter.ts";

/** `envoy.filters.network.sni_cluster`, worker side. */
export const networkFilter: NetworkFilterModule = {
  createFactory: () => ({
    name: "envoy.filters.network.sni_cluster",
    createReadFilter: () => new SniClusterFilter(),
    dispose() {},
  }),
};
