import { createAccessLogs } from "../../../access-log/filtered-log.ts";
import { extensionModule, type HttpFilterModule } from "../../extension-module.ts";
import { Router } from "./filter.ts";
import { RequestScopes } from "./request-scopes.ts";
import type { RouterData, RouterRuntime } from "./router-runtime.ts";
import { RouterStats } from "./stats.ts";

/** `envoy.filters.http.router`, worker side. */
export const httpFilter: HttpFilterModule = {
  createFactory(compiled, { scope, worker }) {
    const data = compiled as RouterData;
    const logs = createAccessLogs(
      data.upstreamLogs,
      (log) => extensionModule(worker.extensions.accessLoggers, log.extension).createLogger(log.data, worker),
      worker,
    );
    const runtime: RouterRuntime = {
      data,
      upstreamLogs: logs.length === 0 ? null : { logs, ...data.upstreamLogOptions },
      stats: new RouterStats(scope),
      scopes: new RequestScopes(worker.stats),
      clusters: worker.clusters,
      clock: worker.clock,
      random: worker.random,
      settings: worker.runtime,
    };
    return {
      create: (chain) => chain.addDecoderFilter(new Router(runtime)),
      dispose() {
        runtime.scopes.dispose();
        for (const log of logs) log.release();
      },
    };
  },
};
