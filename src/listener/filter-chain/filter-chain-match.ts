import type { CidrData } from "../../match/ip-prefix-table.ts";

/** Where a connection may come from: this machine, or elsewhere. */
export type SourceType = "sameIpOrLoopback" | "external";

/**
 * The conditions of a filter chain, Envoy's `FilterChainMatch`. All must hold; of a list one entry must. What is empty or null
 * holds always.
 */
export interface FilterChainMatchData {
  readonly destinationPort: number | null;
  readonly destinationRanges: readonly CidrData[];
  /** In lower case; `.example.com` stands for `*.example.com`, any number of labels before it. */
  readonly serverNames: readonly string[];
  /** `raw_buffer` or `tls`; `""` is any. */
  readonly transportProtocol: string;
  readonly applicationProtocols: readonly string[];
  readonly directSourceRanges: readonly CidrData[];
  readonly sourceType: SourceType | null;
  readonly sourceRanges: readonly CidrData[];
  readonly sourcePorts: readonly number[];
}

/** What is known of a connection when its filter chain is chosen. IPs as text without port, `""` on a Unix-domain socket. */
export interface ConnectionTraits {
  readonly destinationIp: string;
  readonly destinationPort: number;
  /** In lower case; `""` if the client names none. */
  readonly serverName: string;
  /** `raw_buffer` or `tls`. */
  readonly transportProtocol: string;
  /** What the client offers, its favourite first. */
  readonly applicationProtocols: readonly string[];
  /** The peer of the socket itself. */
  readonly directSourceIp: string;
  /** The peer, after listener filters may have replaced it. */
  readonly sourceIp: string;
  readonly sourcePort: number;
}
