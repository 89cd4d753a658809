import type { Uint64 } from "../../../base/uint64.ts";
import { xxHash64 } from "../../../base/xx-hash64.ts";
import type { LoadBalancerContext } from "../../../lb/load-balancer-context.ts";
import { wireText } from "../../../match/wire-text.ts";
import type { UdpHashPolicyData } from "./udp-proxy-data.ts";

/** What the load balancer may ask of a client. One serves all clients of a filter, one after the other. */
export class UdpLoadBalancerContext implements LoadBalancerContext {
  readonly metadataMatch = null;
  readonly hostSelectionRetryCount = 0;
  /** The address of the client whose host is being chosen. */
  clientIp = "";
  readonly #policy: UdpHashPolicyData;

  constructor(policy: UdpHashPolicyData) {
    this.#policy = policy?.type === "key" ? { type: "key", key: wireText(policy.key) } : policy;
  }

  computeHashKey(into: Uint64): boolean {
    if (this.#policy === null) return false;
    xxHash64(this.#policy.type === "key" ? this.#policy.key : this.clientIp, into.set(0, 0));
    return true;
  }

  shouldSelectAnotherHost(): boolean {
    return false;
  }
}
