import type { HttpFilterModule } from "../../extension-module.ts";
import { FaultChoice } from "./fault-choice.ts";
import type { FaultData } from "./fault-data.ts";
import { FaultFilter, type FaultRuntime } from "./filter.ts";
import { FaultStats } from "./stats.ts";

/** The count itself has no limit: each filter and route has its own. */
const UNLIMITED = 0x7fff_ffff;

/** `envoy.filters.http.fault`, worker side. */
export const httpFilter: HttpFilterModule = {
  createFactory(config, { scope, worker }) {
    const data = config as FaultData;
    const runtime: FaultRuntime = {
      choice: new FaultChoice(data, worker.runtime),
      stats: new FaultStats(scope),
      active: worker.limits.count(data.activeFaults, UNLIMITED),
      random: worker.random,
    };
    return { create: (chain) => chain.addFilter(new FaultFilter(runtime)), dispose: () => {} };
  },
  createRouteConfig: (data, worker) => new FaultChoice(data as FaultData, worker.runtime),
};
