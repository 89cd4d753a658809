/** Values by namespace and key, as filters and access logs see them. */
type MetadataMap = Map<string, Record<string, unknown>>;

/**
 * What the network filters of one connection tell each other and its access logs. Made when the first of them has something
 * to say. Source: the connection's half of Envoy's `StreamInfo`.
 */
export class ConnectionState {
  /** Objects by Envoy's key (`envoy.tcp_proxy.cluster`). Null until a filter sets one. */
  filterState: Map<string, unknown> | null = null;
  /** Dynamic metadata by namespace. Null until a filter sets one. */
  dynamicMetadata: MetadataMap | null = null;
  /** Why a filter ended the connection (`%CONNECTION_TERMINATION_DETAILS%`); `""` if none did. */
  terminationDetails = "";
  /** Keys of the filter state that keep their value. Null until there is one. */
  #lockedFilterState: Set<string> | null = null;

  /** Sets a key of the filter state; `readOnly` locks it. A key that is locked stays as it is: answers false. */
  setFilterState(key: string, value: unknown, readOnly = false): boolean {
    if (this.#lockedFilterState?.has(key) === true) return false;
    this.filterState ??= new Map();
    this.filterState.set(key, value);
    if (readOnly) {
      this.#lockedFilterState ??= new Set();
      this.#lockedFilterState.add(key);
    }
    return true;
  }

  /** Metadata of one namespace, made on first use. */
  metadata(namespace: string): Record<string, unknown> {
    this.dynamicMetadata ??= new Map();
    let entry = this.dynamicMetadata.get(namespace);
    if (entry === undefined) {
      entry = Object.create(null) as Record<string, unknown>;
      this.dynamicMetadata.set(namespace, entry);
    }
    return entry;
  }
}
