import type { JsonValue } from "@bufbuild/protobuf";
import type { CompileContext } from "../../../config/compile-context.ts";
import { extensionConfig } from "../../../config/extension-config.ts";
import { notYet, only, supportAll } from "../../../config/field-support.ts";
import type { Place } from "../../../config/place.ts";
import { compileFeatureFlag, runtimeFeatureFlagSupport } from "../../../config/runtime-feature-flag.ts";
import type { StringMatcherData } from "../../../match/string-matcher.ts";
import {
  type HeaderMutationRules,
  HeaderMutationRulesSchema,
} from "../../../proto/gen/envoy/config/common/mutation_rules/v3/mutation_rules_pb.js";
import { HeaderValueSchema } from "../../../proto/gen/envoy/config/core/v3/base_pb.js";
import { HttpUriSchema } from "../../../proto/gen/envoy/config/core/v3/http_uri_pb.js";
import {
  AuthorizationRequestSchema,
  AuthorizationResponseSchema,
  type BufferSettings,
  BufferSettingsSchema,
  CheckSettingsSchema,
  type ExtAuthz,
  ExtAuthzPerRouteSchema,
  ExtAuthzSchema,
  type HttpService,
  HttpServiceSchema,
} from "../../../proto/gen/envoy/extensions/filters/http/ext_authz/v3/ext_authz_pb.js";
import type { RegexMatcher } from "../../../proto/gen/envoy/type/matcher/v3/regex_pb.js";
import { type ListStringMatcher, ListStringMatcherSchema } from "../../../proto/gen/envoy/type/matcher/v3/string_pb.js";
import { HttpStatusSchema } from "../../../proto/gen/envoy/type/v3/http_status_pb.js";
import { compileHeaderValue } from "../../../route/compile/header-mutations.ts";
import { compileRegex, compileStringMatcher, matcherSupport } from "../../../route/compile/matchers.ts";
import { compileMetadataMatcher, metadataMatcherSupport } from "../../../route/compile/metadata-matcher.ts";
import { compileRuntimeFraction } from "../../../route/compile/route-match.ts";
import { compileGrpcService, GRPC_SERVICE } from "../../../upstream/compile/grpc-service.ts";
import { compileHttpUri } from "../../../upstream/compile/http-uri.ts";
import type { AuthzServiceData, CheckedBodyData, ExtAuthzData, ExtAuthzRouteData } from "./ext-authz-data.ts";
import type { MutationRulesData } from "./mutation-rules.ts";

/** Envoy's, for a gRPC service that does not say. */
const DEFAULT_TIMEOUT_MS = 200;
const FORBIDDEN = 403;

/** `envoy.filters.http.ext_authz`, main side. */
export const extAuthzConfig = extensionConfig({
  name: "envoy.filters.http.ext_authz",
  categories: ["envoy.filters.http"],
  schema: ExtAuthzSchema,
  routeSchema: ExtAuthzPerRouteSchema,
  configRequired: true,
  support: [
    supportAll(ExtAuthzSchema, {
      grpc_service: GRPC_SERVICE,
      transport_api_version: only(["AUTO", "V3"], "write V3"),
      typed_metadata_context_namespaces: notYet("no filter sets typed metadata"),
      route_typed_metadata_context_namespaces: notYet("routes have no typed metadata"),
    }),
    supportAll(HttpServiceSchema),
    supportAll(AuthorizationRequestSchema),
    supportAll(AuthorizationResponseSchema),
    supportAll(BufferSettingsSchema),
    supportAll(ExtAuthzPerRouteSchema),
    supportAll(CheckSettingsSchema),
    supportAll(HttpUriSchema),
    supportAll(HeaderValueSchema),
    supportAll(HeaderMutationRulesSchema),
    ...matcherSupport,
    supportAll(HttpStatusSchema),
    supportAll(ListStringMatcherSchema),
    ...metadataMatcherSupport,
    ...runtimeFeatureFlagSupport,
  ],
  compile,
  compileRoute: ({ override }, place, context): ExtAuthzRouteData => {
    if (override.case !== "checkSettings") return { disabled: true, contextExtensions: {}, body: undefined };
    const { contextExtensions, disableRequestBodyBuffering: noBody, withRequestBody } = override.value;
    const at = place.field("check_settings").field("with_request_body");
    if (noBody && withRequestBody !== undefined) {
      context.error(at, "with_request_body and disable_request_body_buffering exclude each other");
    }
    const body = withRequestBody === undefined ? undefined : compileBody(withRequestBody);
    return { disabled: false, contextExtensions: { ...contextExtensions }, body: noBody ? null : body };
  },
});

function compile(message: ExtAuthz, place: Place, context: CompileContext): ExtAuthzData {
  const allowed = place.field("allowed_headers");
  return {
    service: compileService(message, place, context),
    failureModeAllow: message.failureModeAllow,
    failureModeAllowHeader: message.failureModeAllowHeaderAdd,
    body: message.withRequestBody === undefined ? null : compileBody(message.withRequestBody),
    clearRouteCache: message.clearRouteCache,
    statusOnError: message.statusOnError?.code ?? FORBIDDEN,
    metadataNamespaces: message.metadataContextNamespaces,
    routeMetadataNamespaces: message.routeMetadataContextNamespaces,
    enabled: message.filterEnabled === undefined ? null : compileRuntimeFraction(message.filterEnabled),
    enabledMetadata:
      message.filterEnabledMetadata === undefined
        ? null
        : compileMetadataMatcher(message.filterEnabledMetadata, place.field("filter_enabled_metadata"), context),
    denyAtDisable: message.denyAtDisable === undefined ? null : compileFeatureFlag(message.denyAtDisable),
    includePeerCertificate: message.includePeerCertificate,
    includeTlsSession: message.includeTlsSession,
    statPrefix: message.statPrefix,
    allowedHeaders:
      compileList(message.allowedHeaders, allowed, context) ?? compileOldAllowed(message, place, context) ?? null,
    disallowedHeaders: compileList(message.disallowedHeaders, place.field("disallowed_headers"), context) ?? [],
    encodeRawHeaders: message.encodeRawHeaders,
    chargeClusterStats: message.chargeClusterResponseStats ?? true,
    takesMetadata: message.enableDynamicMetadataIngestion ?? true,
    mutationRules:
      message.decoderHeaderMutationRules === undefined
        ? null
        : compileRules(message.decoderHeaderMutationRules, place.field("decoder_header_mutation_rules"), context),
    destinationLabels: labelsOf(context.facts.nodeMetadata?.[message.bootstrapMetadataLabelsKey]),
  };
}

function compileService(message: ExtAuthz, place: Place, context: CompileContext): AuthzServiceData {
  const { services } = message;
  if (services.case === "httpService") return compileHttp(services.value, place.field("http_service"), context);
  if (services.case === undefined) context.error(place, "grpc_service or http_service is required");
  return {
    type: "grpc",
    service: compileGrpcService(services.value, DEFAULT_TIMEOUT_MS, place.field("grpc_service"), context),
  };
}

function compileHttp(message: HttpService, place: Place, context: CompileContext): AuthzServiceData {
  const { authorizationRequest: request, authorizationResponse: response, pathPrefix } = message;
  if (pathPrefix !== "" && !/^\/[\x21-\x22\x24-\x7e]*$/.test(pathPrefix)) {
    context.error(place.field("path_prefix"), `${JSON.stringify(pathPrefix)} must begin with / and be a path`);
  }
  const headers = place.field("authorization_request").field("headers_to_add");
  const at = place.field("authorization_response");
  const list = (matchers: ListStringMatcher | undefined, field: string) =>
    compileList(matchers, at.field(field), context);
  return {
    type: "http",
    service: compileHttpUri(message.serverUri, place.field("server_uri"), context),
    pathPrefix,
    headersToAdd: {
      remove: [],
      add: (request?.headersToAdd ?? []).map((header, i) =>
        compileHeaderValue(header, "overwriteOrAdd", headers.index(i), context),
      ),
    },
    upstreamHeaders: list(response?.allowedUpstreamHeaders, "allowed_upstream_headers") ?? [],
    upstreamHeadersToAppend: list(response?.allowedUpstreamHeadersToAppend, "allowed_upstream_headers_to_append") ?? [],
    clientHeaders: list(response?.allowedClientHeaders, "allowed_client_headers") ?? null,
    clientHeadersOnSuccess: list(response?.allowedClientHeadersOnSuccess, "allowed_client_headers_on_success") ?? [],
    metadataHeaders: list(response?.dynamicMetadataFromHeaders, "dynamic_metadata_from_headers") ?? [],
  };
}

/** The place where `allowed_headers` of HTTP services stood before. */
function compileOldAllowed({ services }: ExtAuthz, place: Place, context: CompileContext) {
  if (services.case !== "httpService") return undefined;
  const at = place.field("http_service").field("authorization_request").field("allowed_headers");
  return compileList(services.value.authorizationRequest?.allowedHeaders, at, context);
}

function compileList(
  list: ListStringMatcher | undefined,
  place: Place,
  context: CompileContext,
): StringMatcherData[] | undefined {
  if (list === undefined || list.patterns.length === 0) return undefined;
  const at = place.field("patterns");
  return list.patterns.map((pattern, i) => compileStringMatcher(pattern, at.index(i), context));
}

function compileRules(message: HeaderMutationRules, place: Place, context: CompileContext): MutationRulesData {
  const { allowExpression, disallowExpression } = message;
  const pattern = (matcher: RegexMatcher | undefined, field: string): string | null =>
    matcher === undefined ? null : compileRegex(matcher, place.field(field), context);
  return {
    allowAllRouting: message.allowAllRouting ?? false,
    allowEnvoy: message.allowEnvoy ?? false,
    disallowSystem: message.disallowSystem ?? false,
    disallowAll: message.disallowAll ?? false,
    allow: pattern(allowExpression, "allow_expression"),
    disallow: pattern(disallowExpression, "disallow_expression"),
    isError: message.disallowIsError ?? false,
  };
}

/** The texts in an object of the node's metadata. */
function labelsOf(metadata: JsonValue | undefined): Readonly<Record<string, string>> {
  if (typeof metadata !== "object" || metadata === null || Array.isArray(metadata)) return {};
  return Object.fromEntries(
    Object.entries(metadata).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}

function compileBody(message: BufferSettings): CheckedBodyData {
  return {
    maxBytes: message.maxRequestBytes,
    allowPartial: message.allowPartialMessage,
    asBytes: message.packAsBytes,
  };
}
