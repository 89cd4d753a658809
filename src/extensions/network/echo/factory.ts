import type { NetworkFilterModule } from "../../extension-module.ts";
import { EchoFilter } from "./filter.ts";

/** `envoy.filters.network.echo`, worker side. */
export const networkFilter: NetworkFilterModule = {
  createFactory: () => ({
    name: "envoy.filters.network.echo",
    createReadFilter: () => new EchoFilter(),
    dispose() {},
  }),
};
