import { HeaderMatcher } from "../../../match/header-matcher.ts";
import type { HttpFilterModule } from "../../extension-module.ts";
import { AnswerCache } from "./answer-cache.ts";
import { HealthCheckFilter, type HealthCheckRuntime } from "./filter.ts";
import type { HealthCheckFilterData } from "./health-check-filter-data.ts";

/** `envoy.filters.http.health_check`, worker side. */
export const httpFilter: HttpFilterModule = {
  createFactory(data, { worker }) {
    const filter = data as HealthCheckFilterData;
    const { limits, clock, clusters, condition } = worker;
    const runtime: HealthCheckRuntime = {
      data: filter,
      matchers: filter.headers.map((matcher) => new HeaderMatcher(matcher)),
      cache: filter.cache === "" ? null : new AnswerCache(limits.value(filter.cache), filter.cacheMs, clock),
      clusters,
      condition,
    };
    return { create: (chain) => chain.addFilter(new HealthCheckFilter(runtime)), dispose: () => {} };
  },
};
