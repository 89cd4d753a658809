import type { Uint64 } from "../../../base/uint64.ts";
import { xxHash64 } from "../../../base/xx-hash64.ts";
import type { LoadBalancerContext } from "../../../lb/load-balancer-context.ts";
import { wireText } from "../../../match/wire-text.ts";
import { ipOfAddress } from "../../../net/address.ts";
import type { ReadFilterCallbacks } from "../../../net/network-filter.ts";
import type { TcpHashPolicyData } from "./tcp-proxy-data.ts";

/** What the load balancer may ask of a connection. */
export class TcpLoadBalancerContext implements LoadBalancerContext {
  readonly metadataMatch: Readonly<Record<string, unknown>> | null;
  readonly hostSelectionRetryCount = 0;
  readonly #policy: TcpHashPolicyData;
  readonly #callbacks: ReadFilterCallbacks;

  constructor(
    policy: TcpHashPolicyData,
    metadataMatch: Readonly<Record<string, unknown>> | null,
    callbacks: ReadFilterCallbacks,
  ) {
    this.#policy = policy;
    this.metadataMatch = metadataMatch;
    this.#callbacks = callbacks;
  }

  computeHashKey(into: Uint64): boolean {
    const text = this.#hashedText();
    if (text !== null) xxHash64(text, into.set(0, 0));
    return text !== null;
  }

  shouldSelectAnotherHost(): boolean {
    return false;
  }

  #hashedText(): string | null {
    const { info, state } = this.#callbacks;
    if (this.#policy?.type === "sourceIp") return ipOfAddress(info.remoteAddress);
    const value = this.#policy?.type === "filterState" ? state.filterState?.get(this.#policy.key) : undefined;
    return typeof value === "string" ? wireText(value) : null;
  }
}
