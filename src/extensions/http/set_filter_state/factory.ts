import type { HttpFilterModule } from "../../extension-module.ts";
import { FilterStateEntries, type FilterStateEntryData } from "../../filter_state/filter-state-entries.ts";
import { SetFilterStateFilter } from "./filter.ts";

/** `envoy.filters.http.set_filter_state`, worker side. */
export const httpFilter: HttpFilterModule = {
  createFactory(data, { worker }) {
    const entries = new FilterStateEntries(data as FilterStateEntryData[], worker.format);
    return { create: (chain) => chain.addDecoderFilter(new SetFilterStateFilter(entries)), dispose: () => {} };
  },
  createRouteConfig: (data, worker) => new FilterStateEntries(data as FilterStateEntryData[], worker.format),
};
