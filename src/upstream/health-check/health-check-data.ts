import type { StringMatcherData } from "../../match/string-matcher.ts";
import type { HeaderAppendAction } from "../../route/header-mutations.ts";
import type { SourceAddressData } from "../connect/source-address.ts";
import type { Http1SettingsData } from "../http1-client-options.ts";
import type { TransportSocketsData } from "../transport-sockets-data.ts";

/** A half-open range of status codes: `start` belongs to it, `end` does not. */
export interface StatusRangeData {
  readonly start: number;
  readonly end: number;
}

/** One header of a check's request. */
export interface CheckHeaderData {
  /** Lower case. */
  readonly name: string;
  readonly value: string;
  readonly action: HeaderAppendAction;
  /** Without it, an empty value is not set. */
  readonly keepEmptyValue: boolean;
}

/** An HTTP check. */
export interface HttpCheckData {
  readonly type: "http";
  /** `codec_client_type`. Default HTTP/1. */
  readonly http2: boolean;
  /** The cluster's, which hold where HTTP/1 is spoken. */
  readonly http1: Http1SettingsData;
  /** `host`; `""` = the cluster's name. An endpoint's own hostname goes before it. */
  readonly host: string;
  readonly path: string;
  /** Default GET. */
  readonly method: string;
  /** Body of the request as hexadecimal digits; `""` = none. */
  readonly send: string;
  /** Must be found in the response's body, in this order; as hexadecimal digits. */
  readonly receive: readonly string[];
  /** How much of the body is kept for `receive`. Default 1,024; 0 = all, up to 1 MiB. */
  readonly responseBufferBytes: number;
  readonly headersToAdd: readonly CheckHeaderData[];
  readonly headersToRemove: readonly string[];
  /** Default 200 alone. */
  readonly expectedStatuses: readonly StatusRangeData[];
  /** Count towards the unhealthy threshold instead of failing the host at once. */
  readonly retriableStatuses: readonly StatusRangeData[];
  /** For `x-envoy-upstream-healthchecked-cluster` of the response; null = not looked at. */
  readonly serviceNameMatcher: StringMatcherData | null;
}

/** A TCP check: to connect is enough if nothing is to be received. */
export interface TcpCheckData {
  readonly type: "tcp";
  /** As hexadecimal digits; `""` = nothing. */
  readonly send: string;
  /** Must be found in what the host says, in this order; as hexadecimal digits. */
  readonly receive: readonly string[];
  /** The version of the PROXY protocol by whose header connections begin; null = they begin without one. */
  readonly proxyProtocol: 1 | 2 | null;
}

/** A check by `grpc.health.v1.Health/Check`. */
export interface GrpcCheckData {
  readonly type: "grpc";
  /** `""` = the server as a whole. */
  readonly serviceName: string;
  /** `""` = the cluster's name. An endpoint's own hostname goes before it. */
  readonly authority: string;
  readonly headersToAdd: readonly CheckHeaderData[];
}

/** What kind of check it is. */
export type CheckData = HttpCheckData | TcpCheckData | GrpcCheckData;

/** How the connections of checks are made where they are not plain. */
export interface CheckTransportData extends TransportSocketsData {
  /** In place of what the host's metadata says for `transport_socket_matches`; null = the metadata counts. */
  readonly matchCriteria: Readonly<Record<string, unknown>> | null;
  /** In place of the protocols of the TLS context; empty = those count. */
  readonly alpnProtocols: readonly string[];
}

/** Envoy's `HealthCheck`, checked, with its defaults. Plain data. Durations in milliseconds. */
export interface HealthCheckData {
  readonly timeoutMs: number;
  readonly intervalMs: number;
  readonly initialJitterMs: number;
  readonly intervalJitterMs: number;
  readonly intervalJitterPercent: number;
  readonly unhealthyThreshold: number;
  readonly healthyThreshold: number;
  /** 0 = the host's own. */
  readonly altPort: number;
  readonly reuseConnection: boolean;
  /** `ignore_new_hosts_until_first_hc`: hosts that wait for their first check make no other host's share of requests smaller. */
  readonly ignoresNewHosts: boolean;
  readonly noTrafficIntervalMs: number;
  readonly noTrafficHealthyIntervalMs: number;
  readonly unhealthyIntervalMs: number;
  readonly unhealthyEdgeIntervalMs: number;
  readonly healthyEdgeIntervalMs: number;
  /** Files that get its events. */
  readonly eventLogPaths: readonly string[];
  readonly alwaysLogFailures: boolean;
  readonly alwaysLogSuccess: boolean;
  readonly check: CheckData;
  /** Where the connections of checks come from; see `ConnectionSettingsData`. */
  readonly sourceAddresses: readonly SourceAddressData[];
  /** Null = plain connections. */
  readonly transport: CheckTransportData | null;
}
