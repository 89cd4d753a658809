import type { FormatEnvironment } from "../http/format/format-context.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { HeaderMutations, type HeaderMutationsData } from "./header-mutations.ts";
import type { PerFilterConfigFactory, PerFilterConfigs } from "./per-filter-configs.ts";
import type { RouteLevelData } from "./route-table-data.ts";

/** What a route table needs from the worker it is built on. */
export interface RouteTableEnvironment {
  readonly perFilterConfig: PerFilterConfigFactory;
  readonly format: FormatEnvironment;
  readonly runtime: Runtime;
  /** Of the route configuration; see there. */
  readonly mostSpecificHeaderMutationsWins: boolean;
}

/** One level of a route configuration together with those above it. Immutable. */
export class RouteLevel {
  readonly perFilterConfigs: PerFilterConfigs;
  /** In the order in which they are applied. */
  readonly requestHeaders: readonly HeaderMutations[];
  readonly responseHeaders: readonly HeaderMutations[];
  readonly #environment: RouteTableEnvironment;

  constructor(
    perFilterConfigs: PerFilterConfigs,
    requestHeaders: readonly HeaderMutations[],
    responseHeaders: readonly HeaderMutations[],
    environment: RouteTableEnvironment,
  ) {
    this.perFilterConfigs = perFilterConfigs;
    this.requestHeaders = requestHeaders;
    this.responseHeaders = responseHeaders;
    this.#environment = environment;
  }

  get runtime(): Runtime {
    return this.#environment.runtime;
  }

  /** The level below this one; the same object if that says nothing. */
  extend(data: RouteLevelData): RouteLevel {
    if (data.perFilter.length === 0 && data.requestHeaders === null && data.responseHeaders === null) return this;
    return new RouteLevel(
      this.perFilterConfigs.extend(data.perFilter, this.#environment.perFilterConfig),
      this.#extendHeaders(this.requestHeaders, data.requestHeaders),
      this.#extendHeaders(this.responseHeaders, data.responseHeaders),
      this.#environment,
    );
  }

  /** Later mutations win: the most general come last, unless the configuration turns that round. */
  #extendHeaders(above: readonly HeaderMutations[], data: HeaderMutationsData | null): readonly HeaderMutations[] {
    if (data === null) return above;
    const own = new HeaderMutations(data, this.#environment.format);
    return this.#environment.mostSpecificHeaderMutationsWins ? [...above, own] : [own, ...above];
  }
}
