import type { HttpFilterModule } from "../../extension-module.ts";

/** `envoy.filters.http.on_demand`, worker side: adds nothing to a stream. */
export const httpFilter: HttpFilterModule = {
  createFactory: () => ({ create: () => {}, dispose: () => {} }),
};
