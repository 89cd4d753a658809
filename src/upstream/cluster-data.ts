import type { Http2ProtocolData } from "../http/http2/codec-options.ts";
import type { HashRingSettings, MaglevSettings } from "../lb/hash/table-policy.ts";
import type { Locality } from "../lb/lb-host.ts";
import type { LeastRequestSettings } from "../lb/least-request.ts";
import type { PriorityLoadSettings } from "../lb/priority-load.ts";
import type { SlowStartSettings } from "../lb/slow-start.ts";
import type { SubsetSettings } from "../lb/subset-settings.ts";
import type { ZoneAwareSettings } from "../lb/zone-aware.ts";
import type { Address } from "../net/address.ts";
import type { SourceAddressData } from "./connect/source-address.ts";
import type { HealthCheckData } from "./health-check/health-check-data.ts";
import type { EndpointHealthStatus } from "./host.ts";
import type { UpstreamHttpProtocol } from "./http-protocol-data.ts";
import type { Http1SettingsData } from "./http1-client-options.ts";
import type { OutlierDetectionData, OutlierThresholdsData } from "./outlier/outlier-data.ts";
import type { AutoTlsData } from "./pool/connection-wishes.ts";
import type { PreconnectData } from "./pool/preconnect.ts";
import type { TrackedStatsData } from "./tracked-stats.ts";
import type { TransportSocketsData } from "./transport-sockets-data.ts";

/** Metadata as plain data: namespace and its fields. */
export type MetadataData = readonly (readonly [namespace: string, fields: Readonly<Record<string, unknown>>])[];

/** Envoy's `RetryBudget`. */
export interface RetryBudgetData {
  /** Retries per hundred active and pending requests. Default 20. */
  readonly budgetPercent: number;
  /** So many retries are always allowed. Default 3. */
  readonly minRetryConcurrency: number;
}

/** Limits of one priority's circuit breakers. */
export interface ThresholdsData {
  /** Default 1,024, as the two below. */
  readonly maxConnections: number;
  readonly maxPendingRequests: number;
  readonly maxRequests: number;
  /** Default 3. Not looked at if there is a budget. */
  readonly maxRetries: number;
  /** Retries allowed in proportion to requests; null = `maxRetries`. */
  readonly retryBudget: RetryBudgetData | null;
  /** Default: as many as 32 bits can say, which is no limit. */
  readonly maxConnectionPools: number;
  /** Publish what is left of each as `remaining_*`. */
  readonly trackRemaining: boolean;
}

/** `per_host_thresholds`: how many connections one host may have, those of both priorities together. */
export interface HostConnectionLimitsData {
  /** For a connection of default priority; `UNLIMITED` = no limit. */
  readonly default: number;
  readonly high: number;
}

/** Envoy's way to say that there is no limit. */
export const UNLIMITED = 2 ** 32 - 1;

/** Which policy picks hosts, and its settings. */
export type LoadBalancerData =
  | { readonly type: "roundRobin"; readonly slowStart: SlowStartSettings | null }
  | { readonly type: "random" }
  | ({ readonly type: "leastRequest"; readonly slowStart: SlowStartSettings | null } & LeastRequestSettings)
  | ({ readonly type: "ringHash"; readonly ring: HashRingSettings } & HashBalanceData)
  | ({ readonly type: "maglev"; readonly table: MaglevSettings } & HashBalanceData);

/** What hashing policies have in common. */
export interface HashBalanceData {
  /** `hash_balance_factor`; 0 = off. */
  readonly balanceFactorPercent: number;
}

/** Whether localities count when a host is picked. */
export type LocalityRoutingData =
  | { readonly type: "none" }
  | { readonly type: "weighted" }
  | ({
      readonly type: "zoneAware";
      /** The cluster of this proxy and its like; `""` = unknown, then zones do not count. */
      readonly localCluster: string;
    } & Omit<ZoneAwareSettings, "panicThresholdPercent">);

/** How a cluster's hosts are picked: what `lb_policy` with its settings, or `load_balancing_policy`, says. */
export interface BalancingData {
  readonly loadBalancer: LoadBalancerData;
  readonly locality: LocalityRoutingData;
  /** Null = all hosts are one set. */
  readonly subsets: SubsetSettings | null;
}

/** What an endpoint says of its own health checks. */
export interface EndpointHealthCheckData {
  /** Where to check; null = where it serves. */
  readonly address: Address | null;
  /** 0 = none of its own. */
  readonly port: number;
  /** `""` = the cluster's. */
  readonly hostname: string;
  readonly disabled: boolean;
}

/** One endpoint of a cluster. */
export interface EndpointData {
  readonly address: Address;
  /** `additional_addresses`: IPs that are tried after that of `address`, on the same port. Absent = none. */
  readonly additionalIps?: readonly string[];
  /** `""` if it has none. */
  readonly hostname: string;
  readonly weight: number;
  readonly priority: number;
  readonly locality: Locality;
  /** `load_balancing_weight` of its locality; 0 = none. */
  readonly localityWeight: number;
  readonly healthStatus: EndpointHealthStatus;
  /** Null = nothing said. */
  readonly healthCheck: EndpointHealthCheckData | null;
  readonly metadata: MetadataData;
}

/** How a quiet TCP connection is probed; the defaults are Linux's. */
export interface TcpKeepaliveData {
  /** Quiet before the first probe. Default 7,200. */
  readonly timeS: number;
  /** Between probes. Default 75. */
  readonly intervalS: number;
  /** So many without an answer end the connection. Default 9. */
  readonly probes: number;
}

/** What a connection is made with. Another value means new connections; all other settings change in place. */
export interface ConnectionSettingsData extends TransportSocketsData, Http1SettingsData {
  readonly perConnectionBufferLimitBytes: number;
  /** Null = no probes. */
  readonly tcpKeepalive: TcpKeepaliveData | null;
  /** What connections are bound to: of several, the first of a host's own kind; empty = anything. Port 0 = any. */
  readonly sourceAddresses: readonly SourceAddressData[];
  readonly httpProtocol: UpstreamHttpProtocol;
  readonly http2: Http2ProtocolData;
  /** Null = the TLS context says all. */
  readonly autoTls: AutoTlsData | null;
  /** `connection_pool_per_downstream_connection`. */
  readonly poolPerDownstreamConnection: boolean;
}

/** A compiled cluster: plain, immutable, serialisable. Durations in milliseconds, 0 = no limit. */
export interface ClusterData extends BalancingData {
  readonly name: string;
  /** `alt_stat_name`, else the name: what its stats are called. */
  readonly observabilityName: string;
  /** `dynamic`: a `discovery` resource of the same name says where the hosts come from, and they come to workers by membership deltas. */
  readonly discovery: "static" | "dynamic";
  /** Requests name their hosts themselves; null = they don't. `discovery` is `static` then, and `endpoints` is empty. */
  readonly originalDst: OriginalDstData | null;
  /**
   * The clusters whose hosts an aggregate cluster uses, in the order of their priority; null = it has hosts of its own. `discovery` is `static` then, and
   * `endpoints` is empty.
   */
  readonly aggregate: readonly string[] | null;
  readonly connectTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly maxConnectionDurationMs: number;
  readonly maxStreamDurationMs: number;
  readonly maxRequestsPerConnection: number;
  readonly connectionSettings: ConnectionSettingsData;
  readonly metadata: MetadataData;
  readonly circuitBreakers: { readonly default: ThresholdsData; readonly high: ThresholdsData };
  /** Null = no more connections than streams need. */
  readonly preconnect: PreconnectData | null;
  /** Null = hosts have no limits of their own. Hosts of a cluster that has some come by its membership. */
  readonly hostConnectionLimits: HostConnectionLimitsData | null;
  readonly priorityLoad: PriorityLoadSettings;
  /** In which states a host may be used because a request insists on it; none = such wishes do not count. */
  readonly overrideHostStatuses: readonly EndpointHealthStatus[];
  /** The hosts of a STATIC cluster, also where checks of their health make it `dynamic`; empty if discovery brings them. */
  readonly endpoints: readonly EndpointData[];
  /** Unless discovery says something else. Null = no request is dropped. */
  readonly dropOverload: DropOverloadData | null;
  /** Null = only the statistics that every cluster has. */
  readonly trackedStats: TrackedStatsData | null;
  /** Whether it has active health checks. */
  readonly healthChecked: boolean;
  /** Null = no outlier detection. */
  readonly outlier: OutlierThresholdsData | null;
  /** `close_connections_on_host_health_failure`. */
  readonly closeConnectionsOnHealthFailure: boolean;
  /** `close_connections_on_host_set_change`. */
  readonly closeConnectionsOnHostSetChange: boolean;
}

/** Envoy's ORIGINAL_DST with `use_http_header`. */
export interface OriginalDstData {
  /** The header that names the host, in lower case. Default `x-envoy-original-dst-host`. */
  readonly header: string;
  /** Takes the place of the port in the header; null = that one counts. */
  readonly portOverride: number | null;
  /** How long a host without connections is kept that nobody asks for. Default 5,000. */
  readonly cleanupIntervalMs: number;
}

/** What the main side does about each host of a cluster: how it finds out about its health, and whether it has limits. */
export interface HostMonitorData {
  /** Null = no active checks. */
  readonly healthCheck: HealthCheckData | null;
  /** Null = no outlier detection. */
  readonly outlierDetection: OutlierDetectionData | null;
  /** Whether all workers count the connections of each host together. */
  readonly countsHostConnections: boolean;
}

/** Where the hosts of a cluster come from that are not in its configuration. What a `discovery` resource holds; for the main side only. */
export type DiscoveryData = (DnsDiscoveryData | FileDiscoveryData | StaticDiscoveryData) & HostMonitorData;

/**
 * When a cluster of the first configuration begins to find its hosts: `primary` at once, `secondary` when all primary ones are initialised,
 * because finding its hosts may need one of those. Envoy's phases. STATIC, STRICT_DNS, LOGICAL_DNS and EDS from files are primary.
 */
export type InitializePhase = "primary" | "secondary";

interface AnyDiscoveryData {
  readonly cluster: string;
  /** What the cluster's stats are called. */
  readonly observabilityName: string;
  /** Whether a configuration with the cluster waits for the first attempt before it comes into force. */
  readonly waitsForWarm: boolean;
  readonly initializePhase: InitializePhase;
}

/** `policy.drop_overloads`: `numerator` of `denominator` requests are dropped, at least one. */
export interface DropOverloadData {
  readonly category: string;
  readonly numerator: number;
  readonly denominator: number;
}

/** What discovery brings beside the endpoints: Envoy's `ClusterLoadAssignment.Policy`, as far as workers need it. */
export interface AssignmentPolicyData {
  /** Default 140. */
  readonly overprovisioningFactorPercent: number;
  /** Default false. */
  readonly weightedPriorityHealth: boolean;
  /** Null = no request is dropped. */
  readonly dropOverload: DropOverloadData | null;
}

/** A compiled `ClusterLoadAssignment`. */
export interface AssignmentData {
  readonly endpoints: readonly EndpointData[];
  /** Null = the defaults. */
  readonly policy: AssignmentPolicyData | null;
  /** After so long without a new assignment the endpoints are not to be used any more; 0 = they don't get old. */
  readonly staleAfterMs: number;
}

/** Envoy's EDS from a file. */
export interface FileDiscoveryData extends AnyDiscoveryData {
  readonly type: "file";
  /** Absolute. Holds a `DiscoveryResponse`. */
  readonly path: string;
  /** A folder in which any change means that the file is to be read again; null = the file itself is watched. */
  readonly watchedFolder: string | null;
  /** `cluster_name` of the wanted assignment in the file. */
  readonly serviceName: string;
}

/** Envoy's STRICT_DNS and LOGICAL_DNS. Durations in milliseconds. */
export interface DnsDiscoveryData extends AnyDiscoveryData {
  readonly type: "dns";
  /** One host, at the first address that the name has at the time. */
  readonly logical: boolean;
  readonly targets: readonly DnsTargetData[];
  /** Time between two look-ups. Default 5,000. */
  readonly refreshRateMs: number;
  /** After failures: null = as after successes. */
  readonly failureBackOff: { readonly baseMs: number; readonly maxMs: number } | null;
  /** Look up again when the answer's time to live is over. */
  readonly respectTtl: boolean;
  readonly lookupFamily: DnsLookupFamily;
  /** `ip:port` of name servers; empty = those of the system. */
  readonly resolvers: readonly string[];
  /** Whether the system's search domains are tried for short names. */
  readonly searchesDomains: boolean;
}

/** Hosts that are there from the start, for a cluster whose hosts are watched. */
export interface StaticDiscoveryData extends AnyDiscoveryData {
  readonly type: "static";
  readonly endpoints: readonly EndpointData[];
}

/** Which addresses of a name are used: `auto` is IPv6 if there are any, else IPv4; `v4Preferred` the other way round. */
export type DnsLookupFamily = "auto" | "v4Only" | "v6Only" | "v4Preferred" | "all";

/** A name to be looked up, and what its addresses are as endpoints. */
export interface DnsTargetData {
  /** A DNS name or an IP address. */
  readonly name: string;
  readonly port: number;
  readonly endpoint: Omit<EndpointData, "address">;
}

/** Whether the hosts of a cluster come to workers by its membership and not with its data. */
export function hasMembership(data: ClusterData): boolean {
  return data.discovery === "dynamic";
}

/** Metadata in the form that code reads. */
export function metadataMap(data: MetadataData): ReadonlyMap<string, Readonly<Record<string, unknown>>> {
  return data.length === 0 ? NO_METADATA : new Map(data);
}

const NO_METADATA: ReadonlyMap<string, Readonly<Record<string, unknown>>> = new Map();
