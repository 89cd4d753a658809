import type {
  AccessLoggerModule,
  HttpFilterModule,
  ListenerFilterModule,
  NetworkFilterModule,
  TracerModule,
  TransportSocketModule,
  UdpListenerFilterModule,
  WorkerExtensions,
} from "./extension-module.ts";
import {
  ACCESS_LOGGERS,
  HTTP_FILTERS,
  LISTENER_FILTERS,
  NETWORK_FILTERS,
  TRACERS,
  TRANSPORT_SOCKETS,
  UDP_LISTENER_FILTERS,
} from "./table.ts";

/** In nearly every configuration: loaded while a thread waits for its first. */
const USUAL: readonly string[] = ["envoy.filters.network.http_connection_manager", "envoy.filters.http.router"];

/**
 * The worker-side halves of the extensions that the configuration names, each loaded when a version first needs it, before anything of
 * that version is built. What is loaded stays. One per worker.
 */
export class LoadedExtensions implements WorkerExtensions {
  readonly httpFilters = new Map<string, HttpFilterModule>();
  readonly networkFilters = new Map<string, NetworkFilterModule>();
  readonly listenerFilters = new Map<string, ListenerFilterModule>();
  readonly udpListenerFilters = new Map<string, UdpListenerFilterModule>();
  readonly accessLoggers = new Map<string, AccessLoggerModule>();
  readonly transportSockets = new Map<string, TransportSocketModule>();
  readonly tracers = new Map<string, TracerModule>();

  /** Loads those of these names that it has not, in all categories. Names of extensions without a worker side are no error. */
  async load(names: readonly string[]): Promise<void> {
    const wanted = new Set(names);
    await Promise.all([
      loadInto(this.httpFilters, wanted, HTTP_FILTERS, (entry) => entry.filter()),
      loadInto(this.networkFilters, wanted, NETWORK_FILTERS, (entry) => entry.filter()),
      loadInto(this.listenerFilters, wanted, LISTENER_FILTERS, (entry) => entry.filter()),
      loadInto(this.udpListenerFilters, wanted, UDP_LISTENER_FILTERS, (entry) => entry.filter()),
      loadInto(this.accessLoggers, wanted, ACCESS_LOGGERS, (entry) => entry.logger()),
      loadInto(this.transportSockets, wanted, TRANSPORT_SOCKETS, (entry) => entry.socket()),
      loadInto(this.tracers, wanted, TRACERS, (entry) => entry.tracer()),
    ]);
  }

  /** Loads those that nearly every configuration has. */
  loadUsual(): Promise<void> {
    return this.load(USUAL);
  }

  /** Loads all there are. */
  loadAll(): Promise<void> {
    const tables = [
      HTTP_FILTERS,
      NETWORK_FILTERS,
      LISTENER_FILTERS,
      UDP_LISTENER_FILTERS,
      ACCESS_LOGGERS,
      TRANSPORT_SOCKETS,
      TRACERS,
    ];
    return this.load(tables.flatMap((entries) => entries.map(({ name }) => name)));
  }
}

async function loadInto<Entry extends { readonly name: string }, Module>(
  modules: Map<string, Module>,
  wanted: ReadonlySet<string>,
  entries: readonly Entry[],
  load: (entry: Entry) => Promise<Module>,
): Promise<void> {
  const missing = entries.filter(({ name }) => wanted.has(name) && !modules.has(name));
  await Promise.all(missing.map(async (entry) => modules.set(entry.name, await load(entry))));
}
