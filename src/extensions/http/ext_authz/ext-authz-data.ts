import type { MetadataMatcherData } from "../../../match/metadata-matcher.ts";
import type { StringMatcherData } from "../../../match/string-matcher.ts";
import type { HeaderMutationsData } from "../../../route/header-mutations.ts";
import type { RuntimeFlagData, RuntimeShareData } from "../../../runtime/runtime.ts";
import type { GrpcServiceData } from "../../../upstream/async/grpc-service-data.ts";
import type { HttpServiceData } from "../../../upstream/async/http-service-data.ts";
import type { MutationRulesData } from "./mutation-rules.ts";

/** Envoy's `BufferSettings`. */
export interface CheckedBodyData {
  readonly maxBytes: number;
  /** Ask with what is there when `maxBytes` have come, instead of answering 413. */
  readonly allowPartial: boolean;
  readonly asBytes: boolean;
}

/** Envoy's `HttpService` of the filter. */
export interface AuthzHttpServiceData {
  readonly type: "http";
  readonly service: HttpServiceData;
  readonly pathPrefix: string;
  /** They replace headers of the client. */
  readonly headersToAdd: HeaderMutationsData;
  /** Which headers of an OK go into the request, replacing or beside those there. */
  readonly upstreamHeaders: readonly StringMatcherData[];
  readonly upstreamHeadersToAppend: readonly StringMatcherData[];
  /** Which headers of a denial go to the client; null = all. */
  readonly clientHeaders: readonly StringMatcherData[] | null;
  readonly clientHeadersOnSuccess: readonly StringMatcherData[];
  readonly metadataHeaders: readonly StringMatcherData[];
}

/** Whom to ask. */
export type AuthzServiceData = AuthzHttpServiceData | { readonly type: "grpc"; readonly service: GrpcServiceData };

/** Envoy's `ExtAuthz`, checked. Plain data. */
export interface ExtAuthzData {
  readonly service: AuthzServiceData;
  readonly failureModeAllow: boolean;
  readonly failureModeAllowHeader: boolean;
  readonly body: CheckedBodyData | null;
  readonly clearRouteCache: boolean;
  readonly statusOnError: number;
  /** Whose dynamic metadata, and whose metadata of the route, the service is told. */
  readonly metadataNamespaces: readonly string[];
  readonly routeMetadataNamespaces: readonly string[];
  /** Null = always. */
  readonly enabled: RuntimeShareData | null;
  readonly enabledMetadata: MetadataMatcherData | null;
  readonly denyAtDisable: RuntimeFlagData | null;
  readonly includePeerCertificate: boolean;
  readonly includeTlsSession: boolean;
  readonly statPrefix: string;
  /** Null: all (gRPC), or none but the few that are always sent (HTTP). */
  readonly allowedHeaders: readonly StringMatcherData[] | null;
  readonly disallowedHeaders: readonly StringMatcherData[];
  readonly encodeRawHeaders: boolean;
  readonly chargeClusterStats: boolean;
  readonly takesMetadata: boolean;
  /** Null: the service may change all headers but those that frame a message. */
  readonly mutationRules: MutationRulesData | null;
  /** Of the proxy's node, for the service. */
  readonly destinationLabels: Readonly<Record<string, string>>;
}

/** Envoy's `ExtAuthzPerRoute`. Plain data. */
export interface ExtAuthzRouteData {
  readonly disabled: boolean;
  readonly contextExtensions: Readonly<Record<string, string>>;
  /** Undefined = the filter's, null = the body is not sent. */
  readonly body: CheckedBodyData | null | undefined;
}
