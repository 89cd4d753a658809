import type { NetworkFilterModule } from "../../extension-module.ts";
import { DirectResponseFilter } from "./filter.ts";

/** `envoy.filters.network.direct_response`, worker side. */
export const networkFilter: NetworkFilterModule = {
  createFactory(data) {
    const response = Buffer.from(data as Uint8Array);
    return {
      name: "envoy.filters.network.direct_response",
      createReadFilter: () => new DirectResponseFilter(response),
      dispose() {},
    };
  },
};
