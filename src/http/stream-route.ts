/**
 * What HTTP filters may know of the route a request took. What stands behind it is always a `Route` of `src/route`;
 * this part is here because filters must not depend on how routes are matched.
 */
export interface StreamRoute {
  readonly name: string;
  /** The most specific configuration of the filter called `filterName` in the chain, or undefined. */
  perFilterConfig(filterName: string): unknown;
  /** The configurations of one filter at all levels, the most general first. */
  perFilterConfigs(filterName: string): readonly unknown[];
  /** Whether the route switches the filter off (true) or on (false); undefined if it does not say. */
  filterDisabled(filterName: string): boolean | undefined;
  readonly metadata: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
}
