import { durationMs } from "../../../config/duration-ms.ts";
import { extensionConfig } from "../../../config/extension-config.ts";
import { supportAll } from "../../../config/field-support.ts";
import { CookieBasedSessionStateSchema } from "../../../proto/gen/envoy/extensions/http/stateful_session/cookie/v3/cookie_pb.js";
import { CookieSchema } from "../../../proto/gen/envoy/type/http/v3/cookie_pb.js";
import type { SessionStateData } from "../session-state-data.ts";

/** A token (RFC 9110): what a cookie may be called. */
const COOKIE_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** What a path in `Set-Cookie` may hold. */
const COOKIE_PATH = /^[\x20-\x3a\x3c-\x7e]*$/;

/** `envoy.http.stateful_session.cookie`. */
export const cookieSessionConfig = extensionConfig({
  name: "envoy.http.stateful_session.cookie",
  categories: ["envoy.http.stateful_session"],
  schema: CookieBasedSessionStateSchema,
  configRequired: true,
  support: [supportAll(CookieBasedSessionStateSchema), supportAll(CookieSchema)],
  compile: ({ cookie }, place, context): SessionStateData => {
    const { name = "", path = "", ttl } = cookie ?? {};
    const at = place.field("cookie");
    if (!COOKIE_NAME.test(name)) context.error(at.field("name"), `"${name}" is no name for a cookie`);
    if (!COOKIE_PATH.test(path)) context.error(at.field("path"), `"${path}" is no path for a cookie`);
    return { type: "cookie", name, ttlS: Math.floor(durationMs(ttl, 0) / 1000), path };
  },
});
