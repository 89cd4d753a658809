import type { WorkerExtensions } from "./extension-module.ts";
import { ACCESS_LOGGERS, HTTP_FILTERS, LISTENER_FILTERS, NETWORK_FILTERS, TRANSPORT_SOCKETS } from "./table.ts";

/** Loads the worker-side halves of all extensions. Once per worker, before its first snapshot, so that applying one never waits for the disk. */
export async function loadWorkerExtensions(): Promise<WorkerExtensions> {
  const [httpFilters, listenerFilters, networkFilters, accessLoggers, transportSockets] = await Promise.all([
    Promise.all(HTTP_FILTERS.map(async (entry) => [entry.name, await entry.filter()] as const)),
    Promise.all(LISTENER_FILTERS.map(async (entry) => [entry.name, await entry.filter()] as const)),
    Promise.all(NETWORK_FILTERS.map(async (entry) => [entry.name, await entry.filter()] as const)),
    Promise.all(ACCESS_LOGGERS.map(async (entry) => [entry.name, await entry.logger()] as const)),
    Promise.all(TRANSPORT_SOCKETS.map(async (entry) => [entry.name, await entry.socket()] as const)),
  ]);
  return {
    httpFilters: new Map(httpFilters),
    listenerFilters: new Map(listenerFilters),
    networkFilters: new Map(networkFilters),
    accessLoggers: new Map(accessLoggers),
    transportSockets: new Map(transportSockets),
  };
}
