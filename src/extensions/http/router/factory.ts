import type { HttpFilterModule } from "../../extension-module.ts";
import { Router } from "./filter.ts";
import { RequestScopes } from "./request-scopes.ts";
import type { RouterData, RouterRuntime } from "./router-runtime.ts";
import { RouterStats } from "./stats.ts";

/** `envoy.filters.http.router`, worker side. */
export const httpFilter: HttpFilterModule = {
  createFactory(data, { scope, worker }) {
    const runtime: RouterRuntime = {
      data: data as RouterData,
      stats: new RouterStats(scope),
      scopes: new RequestScopes(worker.stats),
      clusters: worker.clusters,
      clock: worker.clock,
      random: worker.random,
      settings: worker.runtime,
    };
    return { create: (chain) => chain.addDecoderFilter(new Router(runtime)), dispose: () => runtime.scopes.dispose() };
  },
};
