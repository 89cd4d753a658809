import { FilterHeadersStatus } from "../../../http/filter.ts";
import type { RequestHeaderMap } from "../../../http/header-map.ts";
import { PassThroughFilter } from "../../../http/pass-through-filter.ts";
import type { FilterStateEntries } from "../../filter_state/filter-state-entries.ts";

/**
 * Writes values, made of the request, into the filter state: first the filter's, then those of each level of the route. Source:
 * Envoy's `SetFilterState`.
 */
export class SetFilterStateFilter extends PassThroughFilter {
  readonly #entries: FilterStateEntries;

  constructor(entries: FilterStateEntries) {
    super();
    this.#entries = entries;
  }

  override decodeHeaders(headers: RequestHeaderMap): FilterHeadersStatus {
    const { streamInfo } = this.decoder;
    const set = (key: string, value: string, readOnly: boolean): void => {
      streamInfo.setFilterState(key, value, readOnly);
    };
    this.#entries.apply(headers, streamInfo, set);
    for (const level of this.decoder.perFilterConfigs()) (level as FilterStateEntries).apply(headers, streamInfo, set);
    return FilterHeadersStatus.continue;
  }
}
