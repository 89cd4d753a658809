import type { HttpFilterModule } from "../../extension-module.ts";
import { type BufferData, BufferFilter } from "./filter.ts";

/** `envoy.filters.http.buffer`, worker side. */
export const httpFilter: HttpFilterModule = {
  createFactory: (data) => ({
    create: (chain) => chain.addDecoderFilter(new BufferFilter(data as BufferData)),
    dispose: () => {},
  }),
};
