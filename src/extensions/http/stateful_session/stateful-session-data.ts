import type { SessionStateData } from "../../stateful_session/session-state-data.ts";

/** Envoy's `StatefulSession`, checked. Plain data. */
export interface StatefulSessionData {
  /** Null: there are no sessions. */
  readonly state: SessionStateData | null;
  /** Rather no host than another one. */
  readonly strict: boolean;
}

/** Envoy's `StatefulSessionPerRoute`; null = off. */
export type StatefulSessionRouteData = StatefulSessionData | null;
