import { type AssignmentPolicyData, type ClusterData, hasMembership } from "../cluster-data.ts";
import type { MemberData } from "./membership-delta.ts";
import type { MembershipMirror } from "./membership-mirror.ts";

/** A cluster's hosts: from its membership, which is empty until the worker is told of it, or from its own data. */
export function membersOf(data: ClusterData, membership: MembershipMirror | undefined): Iterable<MemberData> {
  if (hasMembership(data)) return membership?.members.values() ?? [];
  return data.endpoints.map((endpoint) => ({ endpoint, healthFlags: 0 }));
}

/** What discovery says of balancing, in place of the cluster's own settings; null = nothing. */
export function policyOf(data: ClusterData, membership: MembershipMirror | undefined): AssignmentPolicyData | null {
  return hasMembership(data) ? (membership?.policy ?? null) : null;
}
