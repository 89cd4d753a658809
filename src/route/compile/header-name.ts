import type { CompileContext } from "../../config/compile-context.ts";
import type { Place } from "../../config/place.ts";

/** A token (RFC 9110 §5.6.2), or a pseudo-header's name. */
const HEADER_NAME = /^:?[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** The header name in lower case, after checking that it is one. */
export function compileHeaderName(name: string, place: Place, context: CompileContext): string {
  if (!HEADER_NAME.test(name)) context.error(place, `${JSON.stringify(name)} is not a header name`);
  return name.toLowerCase();
}

/** As `compileHeaderName`, for a header that is to be changed: `host` and pseudo-headers may not be. */
export function compileMutableHeaderName(name: string, place: Place, context: CompileContext): string {
  const lower = compileHeaderName(name, place, context);
  if (lower.startsWith(":") || lower === "host") {
    context.error(
      place,
      `"${lower}" may not be added or removed`,
      "the route's rewrite fields (host_rewrite_literal, prefix_rewrite, …) change host and path",
    );
  }
  return lower;
}
