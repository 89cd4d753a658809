import type { CompiledRouteExtension } from "../config/compile-context.ts";
import type { PerFilterData } from "./route-table-data.ts";

/** Turns the data of a per-route configuration into the filter's own object. Called once per configured place. */
export type PerFilterConfigFactory = (filterName: string, config: CompiledRouteExtension) => unknown;

interface FilterEntry {
  /** Objects of all levels, the most general first. */
  readonly configs: readonly unknown[];
  readonly disabled: boolean;
}

/** The per-route filter configuration in force at one place, all levels above included. Immutable. */
export class PerFilterConfigs {
  static readonly none: PerFilterConfigs = new PerFilterConfigs(new Map());

  readonly #byFilter: ReadonlyMap<string, FilterEntry>;

  private constructor(byFilter: ReadonlyMap<string, FilterEntry>) {
    this.#byFilter = byFilter;
  }

  /** What is in force one level down. The same object if that level says nothing. */
  extend(data: PerFilterData, factory: PerFilterConfigFactory): PerFilterConfigs {
    if (data.length === 0) return this;
    const byFilter = new Map(this.#byFilter);
    for (const [filterName, config] of data) {
      const above = byFilter.get(filterName)?.configs ?? [];
      const configs = config.extension === "" ? above : [...above, factory(filterName, config)];
      byFilter.set(filterName, { configs, disabled: config.disabled });
    }
    return new PerFilterConfigs(byFilter);
  }

  /** The most specific object; undefined if there is none. */
  mostSpecific(filterName: string): unknown {
    return this.#byFilter.get(filterName)?.configs.at(-1);
  }

  /** The objects of all levels, the most general first. */
  all(filterName: string): readonly unknown[] {
    return this.#byFilter.get(filterName)?.configs ?? NOTHING;
  }

  /** Whether the most specific level that names the filter disables it; undefined if none names it. */
  disabled(filterName: string): boolean | undefined {
    return this.#byFilter.get(filterName)?.disabled;
  }
}

const NOTHING: readonly unknown[] = [];
