import type { AccessLog } from "../access-log/access-log.ts";
import type { HttpFilterFactory } from "../http/filter.ts";
import type { NetworkFilterContext } from "../listener/listener-context.ts";
import type { NetworkFilterFactory } from "../net/network-filter.ts";
import type { StatsScope } from "../stats/scope.ts";
import type { WorkerContext } from "./worker-context.ts";

/** Where an HTTP filter is configured. */
export interface HttpFilterContext {
  readonly worker: WorkerContext;
  /** `http.<stat_prefix>` of the connection manager; released with it. */
  readonly scope: StatsScope;
}

/** The worker-side half of an HTTP filter: what its `filter.ts` exports as `httpFilter`. */
export interface HttpFilterModule {
  /** Does beforehand what can't be done at once, such as loading a file. A rejection refuses the snapshot with its reason. */
  preload?(data: unknown, worker: WorkerContext): Promise<void>;
  /** Throws with the reason if it can't. `data` is what the extension's `compile` returned. */
  createFactory(data: unknown, context: HttpFilterContext): HttpFilterFactory;
  /** Turns what `compileRoute` returned into what the filter gets from `perFilterConfig`. The data itself if absent. */
  createRouteConfig?(data: unknown, worker: WorkerContext): unknown;
}

/** The worker-side half of a network filter: what its `filter.ts` exports as `networkFilter`. */
export interface NetworkFilterModule {
  preload?(data: unknown, worker: WorkerContext): Promise<void>;
  createFactory(data: unknown, context: NetworkFilterContext, worker: WorkerContext): NetworkFilterFactory;
}

/** The worker-side half of an access logger: what its `logger.ts` exports as `accessLogger`. */
export interface AccessLoggerModule {
  createLogger(data: unknown, worker: WorkerContext): AccessLog;
}
