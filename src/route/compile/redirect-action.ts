import type { CompileContext } from "../../config/compile-context.ts";
import type { Place } from "../../config/place.ts";
import {
  type RedirectAction,
  RedirectAction_RedirectResponseCode as ResponseCode,
} from "../../proto/gen/envoy/config/route/v3/route_components_pb.js";
import type { PathRewriteData, RedirectActionData } from "../route-table-data.ts";
import { compileRegexRewrite } from "./matchers.ts";

const STATUS: Record<ResponseCode, RedirectActionData["status"]> = {
  [ResponseCode.MOVED_PERMANENTLY]: 301,
  [ResponseCode.FOUND]: 302,
  [ResponseCode.SEE_OTHER]: 303,
  [ResponseCode.TEMPORARY_REDIRECT]: 307,
  [ResponseCode.PERMANENT_REDIRECT]: 308,
};

/** RFC 3986 §3.1. */
const SCHEME = /^[A-Za-z][A-Za-z0-9+.-]*$/;

/** Envoy's `RedirectAction`. */
export function compileRedirectAction(
  message: RedirectAction,
  place: Place,
  context: CompileContext,
): RedirectActionData {
  if (message.portRedirect > 65_535) context.error(place.field("port_redirect"), "must be at most 65535");
  const path = message.pathRewriteSpecifier;
  return {
    type: "redirect",
    status: STATUS[message.responseCode],
    scheme: compileScheme(message, place, context),
    host: message.hostRedirect,
    port: message.portRedirect,
    path: path.case === "pathRedirect" ? path.value : "",
    pathRewrite: compilePathRewrite(message, place, context),
    stripQuery: message.stripQuery,
  };
}

function compileScheme(message: RedirectAction, place: Place, context: CompileContext): string {
  const specifier = message.schemeRewriteSpecifier;
  if (specifier.case === "httpsRedirect") return specifier.value ? "https" : "";
  const scheme = specifier.value ?? "";
  if (scheme !== "" && !SCHEME.test(scheme)) {
    context.error(place.field("scheme_redirect"), `"${scheme}" is not the name of a scheme`);
  }
  return scheme;
}

function compilePathRewrite(message: RedirectAction, place: Place, context: CompileContext): PathRewriteData | null {
  const specifier = message.pathRewriteSpecifier;
  switch (specifier.case) {
    case "prefixRewrite":
      return specifier.value === "" ? null : { type: "prefix", value: specifier.value };
    case "regexRewrite": {
      const rewrite = compileRegexRewrite(specifier.value, place.field("regex_rewrite"), context);
      return { type: "regex", rewrite };
    }
    default:
      return null;
  }
}
