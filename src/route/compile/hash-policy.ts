import type { CompileContext } from "../../config/compile-context.ts";
import { type MessageSupport, supportAll } from "../../config/field-support.ts";
import type { Place } from "../../config/place.ts";
import {
  type RouteAction_HashPolicy,
  RouteAction_HashPolicy_ConnectionPropertiesSchema,
  RouteAction_HashPolicy_CookieAttributeSchema,
  RouteAction_HashPolicy_CookieSchema,
  RouteAction_HashPolicy_FilterStateSchema,
  RouteAction_HashPolicy_HeaderSchema,
  RouteAction_HashPolicy_QueryParameterSchema,
  RouteAction_HashPolicySchema,
} from "../../proto/gen/envoy/config/route/v3/route_components_pb.js";
import type { HashPolicyData, HashPolicySourceData } from "../hash-policy-data.ts";
import { compileTimeoutMs } from "./duration.ts";
import { compileHeaderName } from "./header-name.ts";
import { compileRegexRewrite } from "./matchers.ts";

/** A route's `hash_policy`. */
export function compileHashPolicy(
  entries: readonly RouteAction_HashPolicy[],
  place: Place,
  context: CompileContext,
): HashPolicyData[] {
  const policies: HashPolicyData[] = [];
  for (const [i, entry] of entries.entries()) {
    const source = compileSource(entry, place.index(i), context);
    if (source !== null) policies.push({ ...source, terminal: entry.terminal });
  }
  return policies;
}

/** What is hashed; null if `connection_properties` asks for nothing. */
function compileSource(
  { policySpecifier: specifier }: RouteAction_HashPolicy,
  place: Place,
  context: CompileContext,
): HashPolicySourceData | null {
  switch (specifier.case) {
    case "header": {
      const at = place.field("header");
      const { headerName, regexRewrite } = specifier.value;
      const rewrite =
        regexRewrite === undefined ? null : compileRegexRewrite(regexRewrite, at.field("regex_rewrite"), context);
      return { type: "header", name: compileHeaderName(headerName, at.field("header_name"), context), rewrite };
    }
    case "cookie": {
      const { name, ttl, path, attributes } = specifier.value;
      const ttlMs = compileTimeoutMs(ttl, null, place.field("cookie").field("ttl"), context);
      const pairs = attributes.map((attribute) => ({ name: attribute.name, value: attribute.value }));
      return { type: "cookie", name, ttlMs, path, attributes: pairs };
    }
    case "connectionProperties":
      return specifier.value.sourceIp ? { type: "source_ip" } : null;
    case "queryParameter":
      return { type: "query_parameter", name: specifier.value.name };
    case "filterState":
      return { type: "filter_state", key: specifier.value.key };
    default:
      return null;
  }
}

/** Which fields of the messages compiled here are implemented. */
export const hashPolicySupport: readonly MessageSupport[] = [
  supportAll(RouteAction_HashPolicySchema),
  supportAll(RouteAction_HashPolicy_HeaderSchema),
  supportAll(RouteAction_HashPolicy_CookieSchema),
  supportAll(RouteAction_HashPolicy_CookieAttributeSchema),
  supportAll(RouteAction_HashPolicy_ConnectionPropertiesSchema),
  supportAll(RouteAction_HashPolicy_QueryParameterSchema),
  supportAll(RouteAction_HashPolicy_FilterStateSchema),
];
