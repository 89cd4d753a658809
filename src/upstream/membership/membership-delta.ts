import type { AssignmentPolicyData, EndpointData } from "../cluster-data.ts";
import type { OutlierGrant } from "../outlier/outlier-cells.ts";

/** One host of a cluster with what is known of its health. Plain data. */
export interface MemberData {
  readonly endpoint: EndpointData;
  /** Bits of `HealthFlag`. */
  readonly healthFlags: number;
  /** Where workers count what becomes of its requests; absent without outlier detection. Memory that threads share. */
  readonly outlier?: OutlierGrant | undefined;
  /** Where workers count its connections, in the memory that comes with the message; absent if nobody limits them. */
  readonly connectionSlot?: number | undefined;
}

/** How the hosts of one cluster changed between two versions of its membership. Plain data, on its way to a worker. */
export interface MembershipDelta {
  readonly cluster: string;
  /** The version that it changes; 0 = it holds everything, and what is not in it goes. */
  readonly from: number;
  readonly to: number;
  /** The settings that came with the endpoints, null = the defaults. Absent: as before, or the defaults if `from` is 0. */
  readonly policy?: AssignmentPolicyData | null;
  /** New hosts, and changed ones with all their data. */
  readonly upserts: readonly MemberData[];
  /** Addresses as `formatAddress` writes them. To be taken away first: a host that came back is in `upserts` too. */
  readonly removed: readonly string[];
}
