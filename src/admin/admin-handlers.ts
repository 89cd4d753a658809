import { actorPages } from "./actors/actor-pages.ts";
import { actorDebugHandlers, actorsHandler } from "./actors/actors-handlers.ts";
import { profileHandlers } from "./actors/profile-handlers.ts";
import { traceHandler } from "./actors/trace-handler.ts";
import { workersHandler } from "./actors/workers-handler.ts";
import type { AdminHandler } from "./admin-handler.ts";
import { certsHandler } from "./certs-handler.ts";
import { clustersHandler } from "./clusters/clusters-handler.ts";
import { membershipHandler } from "./clusters/membership-handler.ts";
import { configDumpHandler } from "./config-dump/config-dump-handler.ts";
import { configHandlers } from "./config-handlers.ts";
import { connectionsHandlers } from "./connections-handlers.ts";
import { controlHandlers } from "./control-handlers.ts";
import { endpointsPageHandler } from "./endpoints-page.ts";
import { explainHandlers } from "./explain/explain-handlers.ts";
import { failuresHandler } from "./explain/failures-handler.ts";
import { helpHandler } from "./help.ts";
import { listenersHandlers } from "./listeners-handlers.ts";
import { eventsHandler } from "./live/events-handler.ts";
import { loggingHandlers } from "./logging-handlers.ts";
import { pageHandlers } from "./page-handlers.ts";
import { runtimeHandlers } from "./runtime-handler.ts";
import { serverHandlers } from "./server-handlers.ts";
import { statsHandlers } from "./stats-handlers.ts";
import type { AdminViews } from "./views.ts";

/** What the command line says about the admin interface. */
export interface AdminHandlersOptions {
  /** `--enable-debug-endpoints`. */
  readonly debugEndpoints: boolean;
  /** `--enable-heap-snapshots`. */
  readonly heapSnapshots: boolean;
}

/** All pages and commands of the admin interface. */
export function adminHandlers(views: AdminViews, options: AdminHandlersOptions): readonly AdminHandler[] {
  const handlers: AdminHandler[] = [
    ...serverHandlers(views.server, views.workers),
    ...statsHandlers(views.stats, views.control),
    clustersHandler(views.clusters),
    certsHandler(views.certificates),
    ...listenersHandlers(views.listeners, views.control),
    configDumpHandler(views.config),
    ...configHandlers(views.config, views.workers, views.control),
    ...runtimeHandlers(views.runtime),
    ...loggingHandlers(views.logging, views.control),
    ...controlHandlers(views.control),
    ...explainHandlers(views.explain),
    failuresHandler(views.listings),
    ...connectionsHandlers(views.listings, views.control),
    workersHandler(views.workers, views.control),
    actorsHandler(views.actors),
    membershipHandler(views.membership),
    eventsHandler(views.live),
    ...(options.debugEndpoints ? actorDebugHandlers(views.control) : []),
    traceHandler(views.actors),
    ...profileHandlers(views.actors, views.profiles, options),
    // Behind those with more to their path.
    ...actorPages(views.actors),
    helpHandler(() => handlers),
    endpointsPageHandler(views.server, () => handlers),
    ...pageHandlers(),
  ];
  return handlers;
}
