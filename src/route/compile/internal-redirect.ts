import type { CompileContext, CompiledExtension } from "../../config/compile-context.ts";
import { type MessageSupport, supportAll } from "../../config/field-support.ts";
import type { Place } from "../../config/place.ts";
import { TypedExtensionConfigSchema } from "../../proto/gen/envoy/config/core/v3/extension_pb.js";
import {
  type InternalRedirectPolicy,
  InternalRedirectPolicySchema,
} from "../../proto/gen/envoy/config/route/v3/route_components_pb.js";
import type { InternalRedirectData } from "../internal-redirect-data.ts";
import { compileMutableHeaderName } from "./header-name.ts";

const STATUSES = [301, 302, 303, 307, 308];

/** A route's `internal_redirect_policy`. */
export function compileInternalRedirect(
  message: InternalRedirectPolicy,
  place: Place,
  context: CompileContext,
): InternalRedirectData {
  const statuses = message.redirectResponseCodes.filter((code) => STATUSES.includes(code));
  const predicates: CompiledExtension[] = [];
  for (const [i, config] of message.predicates.entries()) {
    const at = place.field("predicates").index(i);
    const compiled = context.extension("envoy.internal_redirect_predicates", config, at);
    if (compiled !== undefined) predicates.push(compiled);
  }
  const copied = place.field("response_headers_to_copy");
  return {
    maxRedirects: message.maxInternalRedirects ?? 1,
    statuses: message.redirectResponseCodes.length === 0 ? [302] : statuses,
    predicates,
    allowsCrossScheme: message.allowCrossSchemeRedirect,
    headersToCopy: message.responseHeadersToCopy.map((name, i) =>
      compileMutableHeaderName(name, copied.index(i), context),
    ),
  };
}

/** Which fields of the messages compiled here are implemented. */
export const internalRedirectSupport: readonly MessageSupport[] = [
  supportAll(InternalRedirectPolicySchema),
  supportAll(TypedExtensionConfigSchema),
];
