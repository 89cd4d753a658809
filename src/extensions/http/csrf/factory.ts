import type { HttpFilterModule } from "../../extension-module.ts";
import { type CsrfPolicyData, createCsrfPolicy } from "./csrf-policy.ts";
import { CsrfFilter, type CsrfRuntime } from "./filter.ts";
import { csrfStats } from "./stats.ts";

/** `envoy.filters.http.csrf`, worker side. */
export const httpFilter: HttpFilterModule = {
  createFactory(data, { scope, worker }) {
    const policy = createCsrfPolicy(data as CsrfPolicyData);
    const runtime: CsrfRuntime = { policy, stats: csrfStats(scope), random: worker.random, values: worker.runtime };
    return { create: (chain) => chain.addDecoderFilter(new CsrfFilter(runtime)), dispose: () => {} };
  },
  createRouteConfig: (data) => createCsrfPolicy(data as CsrfPolicyData),
};
