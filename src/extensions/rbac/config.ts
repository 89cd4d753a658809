import type { CompileContext, NamedTypedConfig } from "../../config/compile-context.ts";
import { type MessageSupport, notYet, support, supportAll, yes } from "../../config/field-support.ts";
import type { Place } from "../../config/place.ts";
import { type CidrData, cidrProblem } from "../../match/ip-prefix-table.ts";
import type { UriTemplateData } from "../../match/uri-template.ts";
import { type CidrRange, CidrRangeSchema } from "../../proto/gen/envoy/config/core/v3/address_pb.js";
import { TypedExtensionConfigSchema } from "../../proto/gen/envoy/config/core/v3/extension_pb.js";
import {
  type Permission,
  Permission_SetSchema,
  PermissionSchema,
  PolicySchema,
  type Principal,
  Principal_AuthenticatedSchema,
  Principal_SetSchema,
  PrincipalSchema,
  type RBAC,
  RBACSchema,
} from "../../proto/gen/envoy/config/rbac/v3/rbac_pb.js";
import { FilterStateMatcherSchema } from "../../proto/gen/envoy/type/matcher/v3/filter_state_pb.js";
import { type PathMatcher, PathMatcherSchema } from "../../proto/gen/envoy/type/matcher/v3/path_pb.js";
import { Int32RangeSchema } from "../../proto/gen/envoy/type/v3/range_pb.js";
import type { Matcher } from "../../proto/gen/xds/type/matcher/v3/matcher_pb.js";
import { compileHeaderMatcher, compileStringMatcher, matcherSupport } from "../../route/compile/matchers.ts";
import { compileMetadataMatcher, metadataMatcherSupport } from "../../route/compile/metadata-matcher.ts";
import { RBAC_ACTIONS } from "./action.ts";
import { compileRbacTree, rbacTreeSupport } from "./match-tree-config.ts";
import type { RbacAddress, RbacData, RbacRuleData, RbacTreeData } from "./rbac-data.ts";

/** How deep `and`, `or` and `not` may nest. */
const DEEPEST = 64;
const NEVER: RbacRuleData = { type: "or", rules: [] };
const CEL = notYet("there are no CEL expressions");

/**
 * Compiles the policies of a network or HTTP filter. `where` is `connection` if there is no request: then rules about headers and
 * paths are refused, as in Envoy.
 */
function compileRbac(message: RBAC, where: "connection" | "request", place: Place, context: CompileContext): RbacData {
  const compiler = new RuleCompiler(where, context);
  const names = Object.keys(message.policies).sort();
  const policies = names.map((name) => {
    const at = place.field("policies").field(name);
    const { permissions, principals } = message.policies[name]!;
    return {
      name,
      permissions: compiler.permissions(permissions, at.field("permissions"), 0),
      principals: compiler.principals(principals, at.field("principals"), 0),
    };
  });
  return { type: "policies", action: RBAC_ACTIONS[message.action], policies };
}

/** What a filter says about its rules: policies or a match tree. */
export interface RbacRulesMessage {
  readonly rules: RBAC | undefined;
  readonly matcher: Matcher | undefined;
}

/** Compiles the policies or the match tree of a filter; null if it has neither. `fields` are the names of the two. */
export function compileRbacRules(
  { rules, matcher }: RbacRulesMessage,
  fields: readonly [rules: string, matcher: string],
  where: "connection" | "request",
  place: Place,
  context: CompileContext,
): RbacData | RbacTreeData | null {
  if (matcher !== undefined) {
    if (rules !== undefined) context.warning(place.field(fields[0]), `has no effect beside ${fields[1]}`);
    return compileRbacTree(matcher, where, place.field(fields[1]), context);
  }
  return rules === undefined ? null : compileRbac(rules, where, place.field(fields[0]), context);
}

/** Compiles the rules of one RBAC message. */
class RuleCompiler {
  readonly #where: "connection" | "request";
  readonly #context: CompileContext;

  constructor(where: "connection" | "request", context: CompileContext) {
    this.#where = where;
    this.#context = context;
  }

  permissions(messages: readonly Permission[], place: Place, depth: number): RbacRuleData {
    return { type: "or", rules: messages.map((message, i) => this.#permission(message, place.index(i), depth)) };
  }

  principals(messages: readonly Principal[], place: Place, depth: number): RbacRuleData {
    return { type: "or", rules: messages.map((message, i) => this.#principal(message, place.index(i), depth)) };
  }

  #permission({ rule }: Permission, place: Place, depth: number): RbacRuleData {
    if (this.#tooDeep(place, depth)) return NEVER;
    const context = this.#context;
    switch (rule.case) {
      case "any":
        return { type: "any" };
      case "andRules": {
        const at = place.field("and_rules").field("rules");
        return { type: "and", rules: rule.value.rules.map((one, i) => this.#permission(one, at.index(i), depth + 1)) };
      }
      case "orRules":
        return this.permissions(rule.value.rules, place.field("or_rules").field("rules"), depth + 1);
      case "notRule":
        return { type: "not", rule: this.#permission(rule.value, place.field("not_rule"), depth + 1) };
      case "destinationIp":
        return this.#ip("destination", rule.value, place.field("destination_ip"));
      case "destinationPort":
        return { type: "port", start: rule.value, end: rule.value + 1 };
      case "destinationPortRange":
        return this.#portRange(rule.value, place.field("destination_port_range"));
      case "requestedServerName": {
        const at = place.field("requested_server_name");
        return { type: "serverName", matcher: compileStringMatcher(rule.value, at, context) };
      }
      case "header":
      case "urlPath":
      case "metadata":
        return this.#shared(rule, place);
      case "uriTemplate":
        return this.#template(rule.value, place.field("uri_template"));
      default:
        return NEVER;
    }
  }

  #template(config: NamedTypedConfig, place: Place): RbacRuleData {
    this.#needsRequest(place);
    const template = this.#context.extension("envoy.path.match", config, place)?.data as UriTemplateData | undefined;
    if (template === undefined) return NEVER;
    return { type: "path", matcher: { type: "regex", value: template.regex, ignoreCase: false } };
  }

  #principal({ identifier }: Principal, place: Place, depth: number): RbacRuleData {
    if (this.#tooDeep(place, depth)) return NEVER;
    const context = this.#context;
    switch (identifier.case) {
      case "any":
        return { type: "any" };
      case "andIds": {
        const at = place.field("and_ids").field("ids");
        return {
          type: "and",
          rules: identifier.value.ids.map((one, i) => this.#principal(one, at.index(i), depth + 1)),
        };
      }
      case "orIds":
        return this.principals(identifier.value.ids, place.field("or_ids").field("ids"), depth + 1);
      case "notId":
        return { type: "not", rule: this.#principal(identifier.value, place.field("not_id"), depth + 1) };
      case "sourceIp":
        return this.#ip("connectionRemote", identifier.value, place.field("source_ip"));
      case "directRemoteIp":
        return this.#ip("directRemote", identifier.value, place.field("direct_remote_ip"));
      case "remoteIp":
        return this.#ip("remote", identifier.value, place.field("remote_ip"));
      case "authenticated": {
        const { principalName } = identifier.value;
        const at = place.field("authenticated").field("principal_name");
        const matcher = principalName === undefined ? null : compileStringMatcher(principalName, at, context);
        return { type: "authenticated", matcher };
      }
      case "filterState": {
        const { key, matcher } = identifier.value;
        if (matcher.case !== "stringMatch") return NEVER;
        const at = place.field("filter_state").field("string_match");
        return { type: "filterState", key, matcher: compileStringMatcher(matcher.value, at, context) };
      }
      case "header":
      case "urlPath":
      case "metadata":
        return this.#shared(identifier, place);
      default:
        return NEVER;
    }
  }

  /** What permissions and principals have in common. */
  #shared(rule: SharedRule, place: Place): RbacRuleData {
    const context = this.#context;
    if (rule.case === "metadata") {
      return { type: "metadata", matcher: compileMetadataMatcher(rule.value, place.field("metadata"), context) };
    }
    const at = place.field(rule.case === "header" ? "header" : "url_path");
    this.#needsRequest(at);
    if (rule.case === "header") return { type: "header", matcher: compileHeaderMatcher(rule.value, at, context) };
    const path = pathMatcher(rule.value);
    return path === null ? NEVER : { type: "path", matcher: compileStringMatcher(path, at.field("path"), context) };
  }

  #needsRequest(place: Place): void {
    if (this.#where === "request") return;
    const message = "a connection has no request: use the HTTP filter envoy.filters.http.rbac for this rule";
    this.#context.error(place, message);
  }

  #ip(address: RbacAddress, message: CidrRange, place: Place): RbacRuleData {
    const range: CidrData = { address: message.addressPrefix, prefixLength: message.prefixLen ?? 0 };
    const problem = cidrProblem(range);
    if (problem === null) return { type: "ip", address, range };
    this.#context.error(place, problem);
    return NEVER;
  }

  #portRange({ start, end }: { readonly start: number; readonly end: number }, place: Place): RbacRuleData {
    if (start < 0 || end > 65_536 || start >= end) {
      this.#context.error(
        place,
        `${start} to ${end} is no range of ports`,
        "end is not part of the range, at most 65536",
      );
    }
    return { type: "port", start, end };
  }

  #tooDeep(place: Place, depth: number): boolean {
    if (depth < DEEPEST) return false;
    this.#context.error(place, `rules nest deeper than ${DEEPEST}`);
    return true;
  }
}

type SharedRule = Extract<Permission["rule"] | Principal["identifier"], { case: "header" | "urlPath" | "metadata" }>;

function pathMatcher({ rule }: PathMatcher) {
  return rule.case === "path" ? rule.value : null;
}

/** Which fields of the messages compiled here are implemented. */
export const rbacSupport: readonly MessageSupport[] = [
  supportAll(RBACSchema, {
    audit_logging_options: notYet(
      "Envoy ignores it",
      "an access log with the metadata of the filter tells what was decided",
    ),
  }),
  supportAll(PolicySchema, { condition: CEL, checked_condition: CEL }),
  supportAll(PermissionSchema, {
    matcher: notYet("no address of an upstream is known before the request is forwarded"),
  }),
  supportAll(TypedExtensionConfigSchema),
  supportAll(Permission_SetSchema),
  supportAll(PrincipalSchema),
  supportAll(Principal_SetSchema),
  supportAll(Principal_AuthenticatedSchema),
  supportAll(FilterStateMatcherSchema),
  supportAll(PathMatcherSchema),
  supportAll(Int32RangeSchema),
  support(CidrRangeSchema, { address_prefix: yes, prefix_len: yes }),
  ...matcherSupport,
  ...metadataMatcherSupport,
  ...rbacTreeSupport,
];
