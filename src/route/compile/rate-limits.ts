import type { CompileContext } from "../../config/compile-context.ts";
import { type MessageSupport, notYet, supportAll } from "../../config/field-support.ts";
import type { Place } from "../../config/place.ts";
import type { MetadataPath } from "../../match/metadata-path.ts";
import { wireText } from "../../match/wire-text.ts";
import {
  type RateLimit,
  type RateLimit_Action,
  RateLimit_Action_DestinationClusterSchema,
  RateLimit_Action_DynamicMetaDataSchema,
  RateLimit_Action_GenericKeySchema,
  RateLimit_Action_HeaderValueMatchSchema,
  RateLimit_Action_MaskedRemoteAddressSchema,
  RateLimit_Action_MetaDataSchema,
  RateLimit_Action_QueryParameterValueMatchSchema,
  RateLimit_Action_RemoteAddressSchema,
  RateLimit_Action_RequestHeadersSchema,
  RateLimit_Action_SourceClusterSchema,
  RateLimit_ActionSchema,
  RateLimit_Override_DynamicMetadataSchema,
  RateLimit_OverrideSchema,
  RateLimitSchema,
  RateLimit_Action_MetaData_Source as Source,
} from "../../proto/gen/envoy/config/route/v3/route_components_pb.js";
import {
  type MetadataKey,
  MetadataKey_PathSegmentSchema,
  MetadataKeySchema,
} from "../../proto/gen/envoy/type/metadata/v3/metadata_pb.js";
import type { RateLimitActionData, RateLimitData } from "../rate-limit-data.ts";
import { compileHeaderName } from "./header-name.ts";
import { compileHeaderMatcher, compileQueryParameterMatcher } from "./matchers.ts";

/** The `rate_limits` of a route or virtual host. */
export function compileRateLimits(
  messages: readonly RateLimit[],
  place: Place,
  context: CompileContext,
): RateLimitData[] {
  return messages.map((message, i) => {
    const at = place.index(i).field("actions");
    const actions: RateLimitActionData[] = [];
    for (const [j, action] of message.actions.entries()) {
      const compiled = compileAction(action, at.index(j), context);
      if (compiled !== null) actions.push(compiled);
    }
    const override = message.limit?.overrideSpecifier;
    return {
      stage: message.stage ?? 0,
      disableKey: message.disableKey,
      actions,
      limitFrom: override?.case === "dynamicMetadata" ? compileMetadataKey(override.value.metadataKey) : null,
    };
  });
}

/** The `rate_limits` of a filter, which count instead of those of routes. As in Envoy they have neither stage nor `disable_key`. */
export function compileFilterRateLimits(
  messages: readonly RateLimit[],
  place: Place,
  context: CompileContext,
): RateLimitData[] {
  for (const [i, { stage, disableKey }] of messages.entries()) {
    const problem = "counts only for the rate_limits of routes and virtual hosts";
    if (stage !== undefined) context.error(place.index(i).field("stage"), problem);
    if (disableKey !== "") context.error(place.index(i).field("disable_key"), problem);
  }
  return compileRateLimits(messages, place, context);
}

/** Null for what was refused. */
function compileAction(
  { actionSpecifier: action }: RateLimit_Action,
  place: Place,
  context: CompileContext,
): RateLimitActionData | null {
  switch (action.case) {
    case "sourceCluster":
      return { type: "constant", key: "source_cluster", value: wireText(context.facts.nodeCluster) };
    case "destinationCluster":
      return { type: "destinationCluster" };
    case "requestHeaders": {
      const { headerName, descriptorKey, skipIfAbsent } = action.value;
      const name = compileHeaderName(headerName, place.field("request_headers").field("header_name"), context);
      return { type: "header", name, key: wireText(descriptorKey), skipIfAbsent };
    }
    case "remoteAddress":
      return { type: "remoteAddress" };
    case "maskedRemoteAddress": {
      const { v4PrefixMaskLen = 32, v6PrefixMaskLen = 128 } = action.value;
      return { type: "maskedRemoteAddress", v4Bits: v4PrefixMaskLen, v6Bits: v6PrefixMaskLen };
    }
    case "genericKey": {
      const { descriptorKey, descriptorValue } = action.value;
      return { type: "constant", key: wireText(descriptorKey || "generic_key"), value: wireText(descriptorValue) };
    }
    case "headerValueMatch": {
      const at = place.field("header_value_match").field("headers");
      const headers = action.value.headers.map((matcher, i) => compileHeaderMatcher(matcher, at.index(i), context));
      return { type: "headerMatch", ...compileMatch(action.value, "header_match"), headers };
    }
    case "queryParameterValueMatch": {
      const at = place.field("query_parameter_value_match").field("query_parameters");
      const parameters = action.value.queryParameters.map((matcher, i) =>
        compileQueryParameterMatcher(matcher, at.index(i), context),
      );
      return { type: "queryMatch", ...compileMatch(action.value, "query_match"), parameters };
    }
    case "metadata":
      return compileMetadata(action.value, action.value.source === Source.ROUTE_ENTRY ? "route" : "dynamic");
    case "dynamicMetadata":
      return compileMetadata(action.value, "dynamic");
    default:
      return null;
  }
}

interface MatchMessage {
  readonly descriptorKey: string;
  readonly descriptorValue: string;
  readonly expectMatch?: boolean | undefined;
}

function compileMatch({ descriptorKey, descriptorValue, expectMatch }: MatchMessage, defaultKey: string) {
  return {
    key: wireText(descriptorKey || defaultKey),
    value: wireText(descriptorValue),
    expectMatch: expectMatch ?? true,
  };
}

interface MetadataMessage {
  readonly descriptorKey: string;
  readonly metadataKey?: MetadataKey | undefined;
  readonly defaultValue: string;
  readonly skipIfAbsent?: boolean;
}

function compileMetadata(message: MetadataMessage, source: "dynamic" | "route"): RateLimitActionData {
  return {
    type: "metadata",
    key: wireText(message.descriptorKey),
    source,
    path: compileMetadataKey(message.metadataKey),
    defaultValue: wireText(message.defaultValue),
    skipIfAbsent: message.skipIfAbsent ?? false,
  };
}

function compileMetadataKey(message: MetadataKey | undefined): MetadataPath {
  return {
    namespace: message?.key ?? "",
    path: message === undefined ? [] : message.path.map(({ segment }) => segment.value ?? ""),
  };
}

/** Which fields of the messages compiled here are implemented. */
export const rateLimitsSupport: readonly MessageSupport[] = [
  supportAll(RateLimitSchema),
  supportAll(RateLimit_ActionSchema, { extension: notYet("there are no CEL expressions") }),
  supportAll(RateLimit_Action_SourceClusterSchema),
  supportAll(RateLimit_Action_DestinationClusterSchema),
  supportAll(RateLimit_Action_RequestHeadersSchema),
  supportAll(RateLimit_Action_RemoteAddressSchema),
  supportAll(RateLimit_Action_MaskedRemoteAddressSchema),
  supportAll(RateLimit_Action_GenericKeySchema),
  supportAll(RateLimit_Action_HeaderValueMatchSchema),
  supportAll(RateLimit_Action_QueryParameterValueMatchSchema),
  supportAll(RateLimit_Action_DynamicMetaDataSchema),
  supportAll(RateLimit_Action_MetaDataSchema),
  supportAll(RateLimit_OverrideSchema),
  supportAll(RateLimit_Override_DynamicMetadataSchema),
  supportAll(MetadataKeySchema),
  supportAll(MetadataKey_PathSegmentSchema),
];
