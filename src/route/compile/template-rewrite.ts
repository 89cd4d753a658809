import type { CompileContext } from "../../config/compile-context.ts";
import type { Place } from "../../config/place.ts";
import type { PathMatcherData } from "../../match/path-matcher.ts";
import type { RewriteTemplatePart } from "../../match/rewrite-template.ts";
import type { RouteAction } from "../../proto/gen/envoy/config/route/v3/route_components_pb.js";
import type { PathRewriteData } from "../route-table-data.ts";

/**
 * Envoy's `path_rewrite_policy`: the path is made of what the variables of the route's template stood for. `match` is how the route matches it.
 * Undefined if there is no such policy.
 */
export function compileTemplateRewrite(
  { pathRewritePolicy, prefixRewrite, regexRewrite }: RouteAction,
  match: PathMatcherData | null,
  place: Place,
  context: CompileContext,
): PathRewriteData | undefined {
  if (pathRewritePolicy === undefined) return undefined;
  const at = place.field("path_rewrite_policy");
  if (prefixRewrite !== "" || regexRewrite !== undefined) {
    context.error(at, "prefix_rewrite, regex_rewrite and path_rewrite_policy exclude each other");
  }
  const parts = context.extension("envoy.path.rewrite", pathRewritePolicy, at)?.data as
    | readonly RewriteTemplatePart[]
    | undefined;
  if (parts === undefined) return undefined;
  const variables = match?.variables;
  if (variables === undefined) {
    context.error(at, "needs a template", "match the path with path_match_policy");
    return undefined;
  }
  const substitution = parts.map((part) => {
    if (typeof part === "string") return part;
    const group = variables.indexOf(part.variable) + 1;
    if (group === 0) context.error(at, `the template of the path has no {${part.variable}}`);
    return `\\${group}`;
  });
  return { type: "regex", rewrite: { pattern: `^(?:${match!.value})$`, substitution: substitution.join("") } };
}
