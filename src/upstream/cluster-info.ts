import type { Http1ClientOptions } from "../http/http1/codec-options.ts";
import type { Http2ClientOptions } from "../http/http2/codec-options.ts";
import type { CircuitBreakers } from "./circuit-breaker/circuit-breaker.ts";
import type { HostConnectionLimits } from "./circuit-breaker/host-connection-limits.ts";
import { type ClusterData, type ConnectionSettingsData, metadataMap } from "./cluster-data.ts";
import type { ClusterStats } from "./cluster-stats.ts";
import type { UpstreamHttpProtocol } from "./http-protocol-data.ts";
import { http1ClientOptions } from "./http1-client-options.ts";
import type { WishSettings } from "./pool/connection-wishes.ts";
import type { PreconnectData } from "./pool/preconnect.ts";
import type { TrackedStats } from "./tracked-stats.ts";
import type { TransportSockets } from "./transport-sockets.ts";

/** A cluster's settings and handles on one worker. Immutable; a changed cluster gets a new one. */
export interface ClusterInfo {
  readonly name: string;
  /** `alt_stat_name`, else the name. */
  readonly observabilityName: string;
  /** Default 5,000. */
  readonly connectTimeoutMs: number;
  /** Watermark of a connection's write buffer. Default 1 MiB; 0 = no watermark. */
  readonly perConnectionBufferLimitBytes: number;
  /** What connections are made with. */
  readonly connectionSettings: ConnectionSettingsData;
  readonly httpProtocol: UpstreamHttpProtocol;
  /** What makes its connections. */
  readonly transportSockets: TransportSockets;
  /** What `track_cluster_stats` asks for; null = nothing. */
  readonly tracked: TrackedStats | null;
  readonly http1Options: Http1ClientOptions;
  readonly http2Options: Http2ClientOptions;
  /** 0 = no limit. */
  readonly maxRequestsPerConnection: number;
  /** How long a connection may wait for its next request. Default 1 h; 0 = for ever. */
  readonly idleTimeoutMs: number;
  /** After this time a connection serves no new request. 0 = no limit. */
  readonly maxConnectionDurationMs: number;
  /**
   * How long an attempt may take, from its connection to the end of its response. 0 = no limit. Differs from Envoy: requests that the proxy
   * makes for itself have only their own timeouts.
   */
  readonly maxStreamDurationMs: number;
  /** Plain JSON values by namespace. */
  readonly metadata: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
  /** Whether `chooseHost` asks for a header of the request. */
  readonly choosesByHeader: boolean;
  /** By what connections are kept apart, beside host and protocol; null = by nothing. */
  readonly wishes: WishSettings | null;
  readonly stats: ClusterStats;
  /** Null = hosts have no limits of their own. */
  readonly hostConnectionLimits: HostConnectionLimits | null;
  /** Null = no more connections than streams need. */
  readonly preconnect: PreconnectData | null;
  readonly circuitBreakers: { readonly default: CircuitBreakers; readonly high: CircuitBreakers };
}

/** The settings of `data`, with the handles that a worker has for the cluster. */
export function createClusterInfo(
  data: ClusterData,
  handles: Pick<ClusterInfo, "transportSockets" | "stats" | "tracked" | "circuitBreakers" | "hostConnectionLimits">,
): ClusterInfo {
  return {
    ...handles,
    name: data.name,
    observabilityName: data.observabilityName,
    connectTimeoutMs: data.connectTimeoutMs,
    perConnectionBufferLimitBytes: data.connectionSettings.perConnectionBufferLimitBytes,
    connectionSettings: data.connectionSettings,
    http1Options: http1ClientOptions(data.connectionSettings),
    httpProtocol: data.connectionSettings.httpProtocol,
    http2Options: {
      protocol: data.connectionSettings.http2,
      headerLimits: {
        headBytes: data.connectionSettings.maxResponseHeadersBytes,
        fieldCount: data.connectionSettings.maxResponseHeadersCount,
      },
    },
    maxRequestsPerConnection: data.maxRequestsPerConnection,
    idleTimeoutMs: data.idleTimeoutMs,
    maxConnectionDurationMs: data.maxConnectionDurationMs,
    maxStreamDurationMs: data.maxStreamDurationMs,
    metadata: metadataMap(data.metadata),
    preconnect: data.preconnect,
    choosesByHeader: data.originalDst !== null,
    wishes: wishSettings(data, handles.transportSockets),
  };
}

function wishSettings({ connectionSettings }: ClusterData, sockets: TransportSockets): WishSettings | null {
  const { autoTls, poolPerDownstreamConnection: perDownstreamConnection } = connectionSettings;
  const { tellsAddresses } = sockets;
  return autoTls === null && !perDownstreamConnection && !tellsAddresses
    ? null
    : { autoTls, perDownstreamConnection, tellsAddresses };
}
