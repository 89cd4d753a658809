import type { NetworkFilterModule } from "../../extension-module.ts";
import { FilterStateEntries, type FilterStateEntryData } from "../../filter_state/filter-state-entries.ts";
import { SetFilterStateFilter } from "./filter.ts";

/** `envoy.filters.network.set_filter_state`, worker side. */
export const networkFilter: NetworkFilterModule = {
  createFactory(data, _context, worker) {
    const entries = new FilterStateEntries(data as FilterStateEntryData[], worker.format);
    return {
      name: "envoy.filters.network.set_filter_state",
      createReadFilter: () => new SetFilterStateFilter(entries, worker.clock),
      dispose() {},
    };
  },
};
