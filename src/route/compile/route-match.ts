import type { CompileContext } from "../../config/compile-context.ts";
import { type MessageSupport, support, supportAll, yes } from "../../config/field-support.ts";
import type { Place } from "../../config/place.ts";
import type { PathMatcherData } from "../../match/path-matcher.ts";
import type { UriTemplateData } from "../../match/uri-template.ts";
import {
  type RuntimeFractionalPercent,
  RuntimeFractionalPercentSchema,
} from "../../proto/gen/envoy/config/core/v3/base_pb.js";
import { TypedExtensionConfigSchema } from "../../proto/gen/envoy/config/core/v3/extension_pb.js";
import {
  type RouteMatch,
  RouteMatch_ConnectMatcherSchema,
  RouteMatch_GrpcRouteMatchOptionsSchema,
  type RouteMatch_TlsContextMatchOptions,
  RouteMatch_TlsContextMatchOptionsSchema,
  RouteMatchSchema,
} from "../../proto/gen/envoy/config/route/v3/route_components_pb.js";
import {
  type FractionalPercent,
  FractionalPercent_DenominatorType,
  FractionalPercentSchema,
} from "../../proto/gen/envoy/type/v3/percent_pb.js";
import type { FractionData, RouteMatchData } from "../route-table-data.ts";
import type { TlsMatchData } from "../stream-conditions.ts";
import { compileHeaderMatcher, compileQueryParameterMatcher, compileRegex } from "./matchers.ts";
import { compileMetadataMatcher, metadataMatcherSupport } from "./metadata-matcher.ts";

const NO_TEMPLATE: UriTemplateData = { regex: "", variables: [] };

const DENOMINATORS: Record<FractionalPercent_DenominatorType, number> = {
  [FractionalPercent_DenominatorType.HUNDRED]: 100,
  [FractionalPercent_DenominatorType.TEN_THOUSAND]: 10_000,
  [FractionalPercent_DenominatorType.MILLION]: 1_000_000,
};

/** The conditions of a route. */
export function compileRouteMatch(message: RouteMatch, place: Place, context: CompileContext): RouteMatchData {
  return {
    path: compilePath(message, place, context),
    headers: message.headers.map((matcher, i) =>
      compileHeaderMatcher(matcher, place.field("headers").index(i), context),
    ),
    queryParameters: message.queryParameters.map((matcher, i) =>
      compileQueryParameterMatcher(matcher, place.field("query_parameters").index(i), context),
    ),
    grpc: message.grpc !== undefined,
    tls: message.tlsContext === undefined ? null : compileTls(message.tlsContext),
    dynamicMetadata: message.dynamicMetadata.map((matcher, i) =>
      compileMetadataMatcher(matcher, place.field("dynamic_metadata").index(i), context),
    ),
    fraction: message.runtimeFraction === undefined ? null : compileRuntimeFraction(message.runtimeFraction),
  };
}

function compileTls({ presented, validated }: RouteMatch_TlsContextMatchOptions): TlsMatchData {
  return { presented, validated };
}

function compilePath(message: RouteMatch, place: Place, context: CompileContext): PathMatcherData | null {
  const specifier = message.pathSpecifier;
  const ignoreCase = message.caseSensitive === false;
  switch (specifier.case) {
    case "prefix":
      return { type: "prefix", value: bare(specifier.value, place.field("prefix"), context), ignoreCase };
    case "path":
      return { type: "exact", value: bare(specifier.value, place.field("path"), context), ignoreCase };
    case "pathSeparatedPrefix":
      return { type: "separatedPrefix", value: specifier.value, ignoreCase };
    case "safeRegex": {
      const value = compileRegex(specifier.value, place.field("safe_regex"), context);
      return { type: "regex", value, ignoreCase: false };
    }
    case "pathMatchPolicy": {
      const compiled = context.extension("envoy.path.match", specifier.value, place.field("path_match_policy"));
      const { regex, variables } = (compiled?.data as UriTemplateData | undefined) ?? NO_TEMPLATE;
      return { type: "regex", value: regex, ignoreCase: false, variables };
    }
    case "connectMatcher":
      return null;
    case undefined:
      context.error(place, "says nothing about the path", 'match every path with "prefix: /"');
      return null;
    default:
      return null;
  }
}

/** The text itself; a query or fragment in it is reported, because paths are matched without them. */
function bare(value: string, place: Place, context: CompileContext): string {
  if (/[?#]/.test(value)) {
    context.warning(place, "holds a query or fragment and so never matches", "match the query with query_parameters");
  }
  return value;
}

/** A share of requests; absent = none. */
export function compileFractionalPercent(message: FractionalPercent | undefined): FractionData {
  const { numerator = 0, denominator = FractionalPercent_DenominatorType.HUNDRED } = message ?? {};
  return { numerator, denominator: DENOMINATORS[denominator], runtimeKey: "" };
}

/** A share that runtime may change; absent = none. */
export function compileRuntimeFraction(message: RuntimeFractionalPercent | undefined): FractionData {
  return { ...compileFractionalPercent(message?.defaultValue), runtimeKey: message?.runtimeKey ?? "" };
}

/** Which fields of the messages compiled here are implemented. */
export const routeMatchSupport: readonly MessageSupport[] = [
  support(RouteMatchSchema, {
    prefix: yes,
    path: yes,
    safe_regex: yes,
    connect_matcher: yes,
    path_separated_prefix: yes,
    path_match_policy: yes,
    case_sensitive: yes,
    runtime_fraction: yes,
    headers: yes,
    query_parameters: yes,
    grpc: yes,
    tls_context: yes,
    dynamic_metadata: yes,
  }),
  supportAll(RouteMatch_TlsContextMatchOptionsSchema),
  ...metadataMatcherSupport,
  supportAll(TypedExtensionConfigSchema),
  supportAll(RouteMatch_ConnectMatcherSchema),
  supportAll(RouteMatch_GrpcRouteMatchOptionsSchema),
  supportAll(RuntimeFractionalPercentSchema),
  supportAll(FractionalPercentSchema),
];
