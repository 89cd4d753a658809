import type { Clock } from "../../../base/clock.ts";
import { StreamInfo } from "../../../http/stream-info.ts";
import type { FilterStatus } from "../../../net/network-filter.ts";
import { QuietReadFilter } from "../../../net/quiet-read-filter.ts";
import type { FilterStateEntries } from "../../filter_state/filter-state-entries.ts";

/**
 * Writes values, made of what is known of a new connection, into its filter state, which its HTTP streams see, too. Source: Envoy's network
 * `SetFilterState`. Differs from Envoy: with TLS the handshake is over by then, so that its values are known.
 */
export class SetFilterStateFilter extends QuietReadFilter {
  readonly #entries: FilterStateEntries;
  readonly #clock: Clock;

  constructor(entries: FilterStateEntries, clock: Clock) {
    super();
    this.#entries = entries;
    this.#clock = clock;
  }

  override onNewConnection(): FilterStatus {
    const { info, state } = this.callbacks;
    const { acceptedAtMs } = info;
    const wallMs = this.#clock.wallMs() - (this.#clock.nowMs() - acceptedAtMs);
    const streamInfo = new StreamInfo(info, "", acceptedAtMs, wallMs);
    streamInfo.dynamicMetadata = state.dynamicMetadata;
    this.#entries.apply(null, streamInfo, (key, value, readOnly) => {
      state.setFilterState(key, value, readOnly);
      // What follows in the list may read it.
      streamInfo.filterState = state.filterState;
    });
    return super.onNewConnection();
  }
}
