import type { Clock } from "../../../base/clock.ts";
import type { HttpFilterModule } from "../../extension-module.ts";
import { createSessionState } from "../../stateful_session/session-state.ts";
import { NO_SESSIONS, type Sessions, StatefulSessionFilter } from "./filter.ts";
import type { StatefulSessionData, StatefulSessionRouteData } from "./stateful-session-data.ts";

/** `envoy.filters.http.stateful_session`, worker side. */
export const httpFilter: HttpFilterModule = {
  createFactory(data, { worker }) {
    const sessions = makeSessions(data as StatefulSessionData, worker.clock);
    return { create: (chain) => chain.addFilter(new StatefulSessionFilter(sessions)), dispose: () => {} };
  },
  createRouteConfig: (data, worker) => makeSessions(data as StatefulSessionRouteData, worker.clock),
};

function makeSessions(data: StatefulSessionRouteData, clock: Clock): Sessions {
  if (data === null || data.state === null) return NO_SESSIONS;
  return { state: createSessionState(data.state, clock), strict: data.strict };
}
