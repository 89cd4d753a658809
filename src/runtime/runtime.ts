import type { RuntimeEntry, RuntimeLayerData, RuntimeShare } from "./runtime-entry.ts";

/** A share that runtime may change. */
export interface RuntimeShareData extends RuntimeShare {
  /** `""`: the share holds as it is. */
  readonly runtimeKey: string;
}

/** A switch that runtime may change (`RuntimeFeatureFlag`). */
export interface RuntimeFlagData {
  readonly on: boolean;
  /** `""`: it holds as it is. */
  readonly runtimeKey: string;
}

/** A number that runtime may change (`RuntimeUInt32`, `RuntimeDouble`). */
export interface RuntimeNumberData {
  readonly value: number;
  /** `""`: it holds as it is. */
  readonly runtimeKey: string;
}

const NO_VALUES: ReadonlyMap<string, RuntimeEntry> = new Map();

/**
 * The runtime values of one thread: what the layers of the configuration and `POST /runtime_modify` say, the last layer that has a key
 * winning. Readers ask each time: a value that changes has effect at once. Without layers asking costs a comparison.
 */
export class Runtime {
  #layers: readonly RuntimeLayerData[] = [];
  #overrides: ReadonlyMap<string, RuntimeEntry> = NO_VALUES;
  #values: ReadonlyMap<string, RuntimeEntry> = NO_VALUES;

  /** Lowest first, the admin layer with what was set there. */
  get layers(): readonly RuntimeLayerData[] {
    return this.#layers.map((layer) => (layer.kind === "admin" ? { ...layer, entries: [...this.#overrides] } : layer));
  }

  /** Every key with the value that holds. */
  get values(): ReadonlyMap<string, RuntimeEntry> {
    return this.#values;
  }

  /** The values of the admin layer. They have no effect while there is no such layer. */
  get overrides(): ReadonlyMap<string, RuntimeEntry> {
    return this.#overrides;
  }

  get hasAdminLayer(): boolean {
    return this.#layers.some(({ kind }) => kind === "admin");
  }

  /** The layers of the configuration in force, lowest first. */
  setLayers(layers: readonly RuntimeLayerData[]): void {
    this.#layers = layers;
    this.#merge();
  }

  /** All values of the admin layer. */
  setOverrides(overrides: ReadonlyMap<string, RuntimeEntry>): void {
    this.#overrides = overrides;
    this.#merge();
  }

  /** The share that holds; a plain number stands for so many of a hundred. */
  share(data: RuntimeShareData): RuntimeShare {
    if (this.#values.size === 0 || data.runtimeKey === "") return data;
    const entry = this.#values.get(data.runtimeKey);
    if (entry?.share !== undefined) return entry.share;
    const percent = unsigned(entry);
    return percent === undefined ? data : { numerator: percent, denominator: 100 };
  }

  flag(data: RuntimeFlagData): boolean {
    if (this.#values.size === 0 || data.runtimeKey === "") return data.on;
    return this.#values.get(data.runtimeKey)?.flag ?? data.on;
  }

  /** The whole number that holds (`RuntimeUInt32`). */
  integer(data: RuntimeNumberData): number {
    if (this.#values.size === 0 || data.runtimeKey === "") return data.value;
    return unsigned(this.#values.get(data.runtimeKey)) ?? data.value;
  }

  /** The number that holds (`RuntimeDouble`). */
  number(data: RuntimeNumberData): number {
    if (this.#values.size === 0 || data.runtimeKey === "") return data.value;
    return this.#values.get(data.runtimeKey)?.number ?? data.value;
  }

  #merge(): void {
    const values = new Map<string, RuntimeEntry>();
    for (const { entries } of this.layers) for (const [key, entry] of entries) values.set(key, entry);
    this.#values = values;
  }
}

/** As Envoy: a fraction is cut off, a negative number counts as none. */
function unsigned(entry: RuntimeEntry | undefined): number | undefined {
  return entry?.number === undefined || entry.number < 0 ? undefined : Math.trunc(entry.number);
}
