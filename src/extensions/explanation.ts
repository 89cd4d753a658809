import type { Clock } from "../base/clock.ts";
import type { RandomSource } from "../base/random.ts";
import type { ChainStep } from "../listener/filter-chain/filter-chain-table.ts";
import type { DownstreamConnectionInfo } from "../net/downstream-connection-info.ts";
import type { RouteExplanation } from "../route/route-explanation.ts";
import type { RouteTable } from "../route/route-table.ts";
import type { ClusterExplanation } from "../upstream/cluster-explanation.ts";

/** A request that somebody wants to know the way of. Texts as on the wire, a character per byte. Plain data. */
export interface ExplainRequest {
  readonly method: string;
  readonly authority: string;
  /** With the query. */
  readonly path: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** `ip:port` of the client. */
  readonly source: string;
  /** Name of the listener; `""` = by its address, or the only one. */
  readonly listener: string;
  /** `ip:port` that the client connects to; `""` = the listener's first address. */
  readonly address: string;
  /** The port that the URL or the authority names, or that the URL's scheme means; 0 = unknown. */
  readonly port: number;
  /** Whether the client speaks TLS. */
  readonly tls: boolean;
  /** In lower case; `""` if it names none. */
  readonly serverName: string;
  readonly alpn: readonly string[];
  /** Decides fractions and weighted clusters: an integer in [0, 2^32). */
  readonly random: number;
}

/** What a network filter's explanation goes by. */
export interface ExplainSources {
  readonly clock: Clock;
  readonly random: RandomSource;
  routeTable(name: string): RouteTable | null;
  /** Null if there is no such cluster. `metadataMatch`: what the request asks of its host; null for nothing. */
  cluster(name: string, metadataMatch: Readonly<Record<string, unknown>> | null): ClusterExplanation | null;
}

/** What a network filter is asked. */
export interface FilterQuestion {
  readonly request: ExplainRequest;
  readonly connection: DownstreamConnectionInfo;
}

/** An answer that the proxy would give by itself, with Envoy's flag (`""` = none) and details. */
export interface OwnAnswer {
  readonly status: number;
  readonly flag: string;
  readonly details: string;
}

/** What the connection manager would do with a request, and how its route table found the route. Plain data. */
export interface HttpExplanation extends Omit<RouteExplanation, "route"> {
  readonly kind: "http";
  /** As everyone behind the connection manager sees them. */
  readonly authority: string;
  readonly path: string;
  readonly internal: boolean;
  /** Null: there is none. */
  readonly route: ExplainedRoute | null;
  /** In order. What a filter would do by itself is not found out. */
  readonly httpFilters: readonly { readonly name: string; readonly disabled: boolean }[];
  readonly cluster: ClusterExplanation | null;
  /** Null: the request goes to a host. */
  readonly answer: OwnAnswer | null;
}

/** The route that was taken, with its policy. */
export interface ExplainedRoute {
  readonly name: string;
  readonly action: "forward" | "redirect" | "directResponse" | "nonForwarding";
  /** `""` if it does not forward. */
  readonly cluster: string;
  /** What `location` says, of a redirect. */
  readonly location: string;
  readonly status: number;
  readonly timeoutMs: number | null;
  readonly idleTimeoutMs: number | null;
  readonly retryOn: readonly string[];
  readonly retries: number;
  readonly perTryTimeoutMs: number;
  readonly priority: string;
  readonly hashes: boolean;
  readonly autoHostRewrite: boolean;
  readonly metadataMatch: Readonly<Record<string, unknown>> | null;
}

/** What a TCP proxy would do with a connection. */
export interface TcpExplanation {
  readonly kind: "tcp";
  /** The share is in percent. More than one: a draw by weight decides. */
  readonly clusters: readonly { readonly name: string; readonly share: number }[];
  /** The first of them. */
  readonly cluster: ClusterExplanation | null;
  readonly answer: OwnAnswer | null;
}

/** What a UDP proxy would do with the datagrams of a new client. */
export interface UdpExplanation {
  readonly kind: "udp";
  readonly cluster: ClusterExplanation | null;
  /** Null unless they are dropped. */
  readonly answer: OwnAnswer | null;
}

/** What the filter that serves a connection, or a UDP listener's clients, would do. */
export type FilterExplanation = HttpExplanation | TcpExplanation | UdpExplanation;

/** The way of a request: everything that decides, step by step. Plain data. */
export interface Explanation {
  readonly listener: { readonly name: string; readonly addresses: readonly string[] };
  /** What of the client's TLS the listener looks at before it chooses a chain. */
  readonly inspectsTls: boolean;
  /** Criterion by criterion; criteria that no chain has are left out. */
  readonly steps: readonly ChainStep[];
  /** Null: the connection is closed. Of a UDP listener: its filter. */
  readonly filterChain: {
    readonly name: string;
    readonly isDefault: boolean;
    readonly transportSocket: string;
    readonly networkFilters: readonly string[];
  } | null;
  /** Null if no filter of the chain can tell. */
  readonly outcome: FilterExplanation | null;
  /** In a sentence. */
  readonly verdict: string;
}
