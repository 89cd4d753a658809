import type { AccessLoggerModule, HttpFilterModule, NetworkFilterModule } from "./extension-module.ts";
import { ACCESS_LOGGERS, HTTP_FILTERS, NETWORK_FILTERS } from "./table.ts";

/** The worker-side halves of all extensions, by name. */
export interface WorkerExtensions {
  readonly httpFilters: ReadonlyMap<string, HttpFilterModule>;
  readonly networkFilters: ReadonlyMap<string, NetworkFilterModule>;
  readonly accessLoggers: ReadonlyMap<string, AccessLoggerModule>;
}

/** Loads them. Once per worker, before its first snapshot, so that applying one never waits for the disk. */
export async function loadWorkerExtensions(): Promise<WorkerExtensions> {
  const [httpFilters, networkFilters, accessLoggers] = await Promise.all([
    Promise.all(HTTP_FILTERS.map(async (entry) => [entry.name, await entry.filter()] as const)),
    Promise.all(NETWORK_FILTERS.map(async (entry) => [entry.name, await entry.filter()] as const)),
    Promise.all(ACCESS_LOGGERS.map(async (entry) => [entry.name, await entry.logger()] as const)),
  ]);
  return {
    httpFilters: new Map(httpFilters),
    networkFilters: new Map(networkFilters),
    accessLoggers: new Map(accessLoggers),
  };
}

/** The module called `name`; throws if there is none, which means that main side and worker are not of one build. */
export function extensionModule<Module>(modules: ReadonlyMap<string, Module>, name: string): Module {
  const module = modules.get(name);
  if (module === undefined) throw new Error(`there is no extension ${name}`);
  return module;
}
