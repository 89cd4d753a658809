import { extensionConfig } from "../../../config/extension-config.ts";
import { supportAll } from "../../../config/field-support.ts";
import { HeaderBasedSessionStateSchema } from "../../../proto/gen/envoy/extensions/http/stateful_session/header/v3/header_pb.js";
import { compileMutableHeaderName } from "../../../route/compile/header-name.ts";
import type { SessionStateData } from "../session-state-data.ts";

/** `envoy.http.stateful_session.header`. */
export const headerSessionConfig = extensionConfig({
  name: "envoy.http.stateful_session.header",
  categories: ["envoy.http.stateful_session"],
  schema: HeaderBasedSessionStateSchema,
  configRequired: true,
  support: [supportAll(HeaderBasedSessionStateSchema)],
  compile: ({ name }, place, context): SessionStateData => ({
    type: "header",
    name: compileMutableHeaderName(name, place.field("name"), context),
  }),
});
