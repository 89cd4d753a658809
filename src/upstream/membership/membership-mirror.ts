import { formatAddress } from "../../net/address.ts";
import type { AssignmentPolicyData } from "../cluster-data.ts";
import type { MemberData, MembershipDelta } from "./membership-delta.ts";

/** The hosts of one cluster as a worker was told of them, whether the cluster is in use there or not. */
export class MembershipMirror {
  #version = 0;
  #policy: AssignmentPolicyData | null = null;
  readonly #members = new Map<string, MemberData>();

  get version(): number {
    return this.#version;
  }

  /** The settings that came with the hosts; null = the defaults, or those of the cluster. */
  get policy(): AssignmentPolicyData | null {
    return this.#policy;
  }

  /** In the main side's order. */
  get members(): ReadonlyMap<string, MemberData> {
    return this.#members;
  }

  /** Takes a delta over; false, and nothing done, if it changes another version than the one that is here. */
  apply(delta: MembershipDelta): boolean {
    if (delta.from === 0) this.#members.clear();
    else if (delta.from !== this.#version) return false;
    this.#version = delta.to;
    if (delta.policy !== undefined) this.#policy = delta.policy;
    else if (delta.from === 0) this.#policy = null;
    for (const address of delta.removed) this.#members.delete(address);
    for (const member of delta.upserts) this.#members.set(formatAddress(member.endpoint.address), member);
    return true;
  }
}
