import type { CompileContext } from "../../../config/compile-context.ts";
import { extensionConfig } from "../../../config/extension-config.ts";
import { noEffect, supportAll } from "../../../config/field-support.ts";
import type { Place } from "../../../config/place.ts";
import { wireText } from "../../../match/wire-text.ts";
import { HttpUriSchema } from "../../../proto/gen/envoy/config/core/v3/http_uri_pb.js";
import {
  type FilterStateRule,
  FilterStateRuleSchema,
  JwksAsyncFetchSchema,
  JwtAuthenticationSchema,
  JwtClaimToHeaderSchema,
  JwtHeaderSchema,
  JwtProvider_NormalizePayloadSchema,
  JwtProviderSchema,
  type JwtRequirement,
  JwtRequirementAndListSchema,
  JwtRequirementOrListSchema,
  JwtRequirementSchema,
  PerRouteConfigSchema,
  ProviderWithAudiencesSchema,
  RemoteJwksSchema,
  type RequirementRule,
  RequirementRuleSchema,
} from "../../../proto/gen/envoy/extensions/filters/http/jwt_authn/v3/config_pb.js";
import { compileRouteMatch } from "../../../route/compile/route-match.ts";
import { ASYNC_RETRY } from "../../../upstream/compile/grpc-service.ts";
import { bareAudience } from "./bare-audience.ts";
import type { JwtAuthnData, JwtRequirementData, JwtRouteData } from "./jwt-data.ts";
import { compileProvider } from "./provider-config.ts";

/** How deep requirements may nest. */
const DEEPEST = 32;
const NOTHING: JwtRequirementData = { type: "all", requirements: [] };

/** `envoy.filters.http.jwt_authn`, main side. */
export const jwtAuthnConfig = extensionConfig({
  name: "envoy.filters.http.jwt_authn",
  categories: ["envoy.filters.http"],
  schema: JwtAuthenticationSchema,
  routeSchema: PerRouteConfigSchema,
  support: [
    supportAll(JwtAuthenticationSchema),
    supportAll(FilterStateRuleSchema),
    supportAll(JwtProviderSchema, {
      jwt_cache_config: noEffect("each token is verified whenever it comes"),
    }),
    supportAll(JwtProvider_NormalizePayloadSchema),
    supportAll(RemoteJwksSchema, { retry_policy: ASYNC_RETRY }),
    supportAll(JwksAsyncFetchSchema, {
      fast_listener: noEffect("no listener waits for keys; the first requests do"),
    }),
    supportAll(HttpUriSchema),
    supportAll(JwtHeaderSchema),
    supportAll(JwtClaimToHeaderSchema),
    supportAll(JwtRequirementSchema),
    supportAll(JwtRequirementOrListSchema),
    supportAll(JwtRequirementAndListSchema),
    supportAll(ProviderWithAudiencesSchema),
    supportAll(RequirementRuleSchema),
    supportAll(PerRouteConfigSchema),
  ],
  compile: (message, place, context): JwtAuthnData => {
    const providers = Object.entries(message.providers).map(([name, provider]) =>
      compileProvider(name, provider, place.field("providers").field(name), context),
    );
    const compiler = new RequirementCompiler(new Set(Object.keys(message.providers)), context);
    const named = Object.entries(message.requirementMap).map(([name, requirement]) => {
      const at = place.field("requirement_map").field(name);
      return [name, compiler.requirement(requirement, at, 0)] as const;
    });
    const byName = new Map(named);
    return {
      providers,
      rules: message.rules.map((rule, i) => compiler.rule(rule, byName, place.field("rules").index(i))),
      byFilterState:
        message.filterStateRules === undefined
          ? null
          : compiler.filterStateRule(message.filterStateRules, place.field("filter_state_rules")),
      named,
      bypassCorsPreflight: message.bypassCorsPreflight,
      stripFailureResponse: message.stripFailureResponse,
    };
  },
  compileRoute: ({ requirementSpecifier: chosen }): JwtRouteData => ({
    requirementName: chosen.case === "requirementName" ? chosen.value : null,
  }),
});

/** Compiles the requirements of one filter, whose providers must exist. */
class RequirementCompiler {
  readonly #providers: ReadonlySet<string>;
  readonly #context: CompileContext;

  constructor(providers: ReadonlySet<string>, context: CompileContext) {
    this.#providers = providers;
    this.#context = context;
  }

  rule(
    rule: RequirementRule,
    named: ReadonlyMap<string, JwtRequirementData>,
    place: Place,
  ): JwtAuthnData["rules"][number] {
    const chosen = rule.requirementType;
    const match = compileRouteMatch(rule.match!, place.field("match"), this.#context);
    if (chosen.case === "requires") {
      return { match, requirement: this.requirement(chosen.value, place.field("requires"), 0) };
    }
    if (chosen.case === undefined) return { match, requirement: null };
    const requirement = named.get(chosen.value);
    if (requirement === undefined) {
      this.#context.error(place.field("requirement_name"), `there is no "${chosen.value}" in requirement_map`);
    }
    return { match, requirement: requirement ?? NOTHING };
  }

  filterStateRule({ name, requires }: FilterStateRule, place: Place): NonNullable<JwtAuthnData["byFilterState"]> {
    const requirements = Object.entries(requires).map(([value, requirement]) => {
      const at = place.field("requires").field(value);
      return [wireText(value), this.requirement(requirement, at, 0)] as const;
    });
    return { key: name, requirements };
  }

  requirement({ requiresType: chosen }: JwtRequirement, place: Place, depth: number): JwtRequirementData {
    if (depth >= DEEPEST) {
      this.#context.error(place, `requirements nest deeper than ${DEEPEST}`);
      return NOTHING;
    }
    switch (chosen.case) {
      case "providerName":
        return this.#provider(chosen.value, null, place.field("provider_name"));
      case "providerAndAudiences": {
        const { providerName, audiences } = chosen.value;
        const at = place.field("provider_and_audiences").field("provider_name");
        return this.#provider(providerName, audiences.map(bareAudience), at);
      }
      case "requiresAny":
        return this.#any(chosen.value.requirements, place.field("requires_any").field("requirements"), depth);
      case "requiresAll": {
        const at = place.field("requires_all").field("requirements");
        const list = chosen.value.requirements.map((each, i) => this.requirement(each, at.index(i), depth + 1));
        return { type: "all", requirements: list };
      }
      case "allowMissing":
        return { type: "optional", tolerates: "missing" };
      case "allowMissingOrFailed":
        return { type: "optional", tolerates: "failed" };
      default:
        this.#context.error(place, "requires nothing", "say allow_missing_or_failed if that is meant");
        return NOTHING;
    }
  }

  /** Among others, `allow_missing` and `allow_missing_or_failed` only say what will do as well. */
  #any(list: readonly JwtRequirement[], place: Place, depth: number): JwtRequirementData {
    const cases = list.map((each) => each.requiresType.case);
    const missing = cases.includes("allowMissing") ? "missing" : "nothing";
    return {
      type: "any",
      requirements: list.flatMap((each, i) =>
        cases[i] === "allowMissing" || cases[i] === "allowMissingOrFailed"
          ? []
          : [this.requirement(each, place.index(i), depth + 1)],
      ),
      tolerates: cases.includes("allowMissingOrFailed") ? "failed" : missing,
    };
  }

  #provider(provider: string, audiences: readonly string[] | null, place: Place): JwtRequirementData {
    if (!this.#providers.has(provider)) this.#context.error(place, `there is no provider "${provider}"`);
    return { type: "provider", provider, audiences };
  }
}
