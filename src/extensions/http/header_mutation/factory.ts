import type { HttpFilterModule } from "../../extension-module.ts";
import { type HeaderMutationData, HeaderMutationFilter, type HeaderMutationRuntime } from "./filter.ts";
import { MutationList, type MutationsData } from "./mutation-list.ts";

/** `envoy.filters.http.header_mutation`, worker side. */
export const httpFilter: HttpFilterModule = {
  createFactory(data, { worker }) {
    const { mutations, mostSpecificWins } = data as HeaderMutationData;
    const runtime: HeaderMutationRuntime = {
      mutations: new MutationList(mutations, worker.format),
      mostSpecificWins,
    };
    return { create: (chain) => chain.addFilter(new HeaderMutationFilter(runtime)), dispose: () => {} };
  },
  createRouteConfig: (data, worker) => new MutationList(data as MutationsData, worker.format),
};
