import type { Address } from "../../net/address.ts";
import type { UpstreamTransportSocketFactory } from "../../net/transport-socket.ts";
import type { SourceAddressData } from "../connect/source-address.ts";

/** Why a check failed, in the words of Envoy's event log. */
export type CheckFailureType = "ACTIVE" | "PASSIVE" | "NETWORK" | "NETWORK_TIMEOUT";

/** What one check came to. */
export type ProbeResult =
  | { readonly ok: true; readonly degraded: boolean }
  /** `retriable`: counts towards the unhealthy threshold instead of failing the host at once. */
  | { readonly ok: false; readonly failure: CheckFailureType; readonly retriable: boolean };

/** A host as a probe sees it. */
export interface ProbeTarget {
  /** Where to connect to, alternative ports and addresses applied. */
  readonly address: Address;
  /** The endpoint's own hostname for checks; `""` = none. */
  readonly hostname: string;
  readonly clusterName: string;
  /** What makes its connections; null = they are plain. */
  readonly transportSocket: UpstreamTransportSocketFactory | null;
  /** Offered by TLS in place of what is configured there; empty = that counts. */
  readonly alpnProtocols: readonly string[];
  /** Tried after the address; absent = none. */
  readonly additionalIps?: readonly string[];
  /** Where its connections come from; empty = from anywhere. */
  readonly sourceAddresses: readonly SourceAddressData[];
}

/** Asks one host how it is, time after time. Watches no time: its user does, and cancels. */
export interface Probe {
  /** Why the last check failed, in words for people; `""` if it did not, or if nobody said. */
  readonly why: string;
  /** Begins one check. `onResult` of the constructor follows once, unless it is cancelled; perhaps from inside this call. */
  start(): void;
  /** Gives up the running check and its connection. */
  cancel(): void;
  /** No check follows: frees the connection. */
  close(): void;
}
