import { pathToFileURL } from "node:url";
import type { LogComponent } from "../../../base/log.ts";
import type { HttpFilterModule } from "../../extension-module.ts";
import { ModuleFilter, type ModuleRouteConfig, type ModuleRuntime } from "./filter.ts";
import { configured, loadedModule, loadModule, type ModuleData } from "./loaded-module.ts";
import { reportFailure } from "./report-failure.ts";
import { hearStrayFailures } from "./stray-failures.ts";

/** `troupe.filters.http.module`, worker side. */
export const httpFilter: HttpFilterModule = {
  preload: (data, { timers }) => loadModule(data as ModuleData, timers),
  createFactory(data, { scope, worker }) {
    const { file } = data as ModuleData;
    const module = loadedModule(data as ModuleData);
    const runtime: ModuleRuntime = {
      module,
      config: configured(module, data as ModuleData),
      errors: scope.counter("module.errors"),
      executions: scope.counter("module.executions"),
      log: worker.log.child({ component: "filter" satisfies LogComponent }),
      file,
    };
    const dispose = hearStrayFailures({
      url: pathToFileURL(file).href,
      onStrayFailure: (error) => reportFailure(runtime, error, "HTTP filter module failed outside of its functions"),
    });
    return { create: (chain) => chain.addFilter(new ModuleFilter(runtime)), dispose };
  },
  // A route does not say which module it configures, so its `config` comes as it is, without `configure`.
  createRouteConfig: (data): ModuleRouteConfig => ({ config: data }),
};
