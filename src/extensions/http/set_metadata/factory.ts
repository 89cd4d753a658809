import type { HttpFilterModule } from "../../extension-module.ts";
import { type SetMetadataData, SetMetadataFilter } from "./filter.ts";

/** `envoy.filters.http.set_metadata`, worker side. */
export const httpFilter: HttpFilterModule = {
  createFactory: (data) => ({
    create: (chain) => chain.addDecoderFilter(new SetMetadataFilter(data as SetMetadataData)),
    dispose: () => {},
  }),
};
