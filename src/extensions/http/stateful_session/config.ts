import type { CompileContext } from "../../../config/compile-context.ts";
import { extensionConfig } from "../../../config/extension-config.ts";
import { supportAll } from "../../../config/field-support.ts";
import type { Place } from "../../../config/place.ts";
import { TypedExtensionConfigSchema } from "../../../proto/gen/envoy/config/core/v3/extension_pb.js";
import {
  type StatefulSession,
  StatefulSessionPerRouteSchema,
  StatefulSessionSchema,
} from "../../../proto/gen/envoy/extensions/filters/http/stateful_session/v3/stateful_session_pb.js";
import type { SessionStateData } from "../../stateful_session/session-state-data.ts";
import type { StatefulSessionData, StatefulSessionRouteData } from "./stateful-session-data.ts";

/** `envoy.filters.http.stateful_session`, main side. */
export const statefulSessionConfig = extensionConfig({
  name: "envoy.filters.http.stateful_session",
  categories: ["envoy.filters.http"],
  schema: StatefulSessionSchema,
  routeSchema: StatefulSessionPerRouteSchema,
  support: [
    supportAll(StatefulSessionSchema),
    supportAll(StatefulSessionPerRouteSchema),
    supportAll(TypedExtensionConfigSchema),
  ],
  compile,
  compileRoute: ({ override }, place, context): StatefulSessionRouteData =>
    override.case === "statefulSession" ? compile(override.value, place.field("stateful_session"), context) : null,
});

function compile(message: StatefulSession, place: Place, context: CompileContext): StatefulSessionData {
  const { sessionState: named, strict } = message;
  const at = place.field("session_state");
  const state = named === undefined ? undefined : context.extension("envoy.http.stateful_session", named, at);
  return { state: state === undefined ? null : (state.data as SessionStateData), strict };
}
