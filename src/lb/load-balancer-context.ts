import type { Uint64 } from "../base/uint64.ts";
import type { LbHost } from "./lb-host.ts";
import type { PriorityLoad } from "./priority-load.ts";

/** One certain host. */
export interface OverrideHost {
  /** `ip:port`. */
  readonly address: string;
  /** Rather no host than another one. */
  readonly strict: boolean;
}

/** Says how the load of the priorities is for one request, where `load` is that of all others. */
export interface PriorityAdjuster {
  adjust(load: PriorityLoad): PriorityLoad;
}

/**
 * What a load balancer may ask of the request it picks a host for. Implemented by the router's request; asked only
 * during `chooseHost`. Source: Envoy's `Upstream::LoadBalancerContext`.
 */
export interface LoadBalancerContext {
  /** Puts the hash made by the route's hash policy into `into`; false if it has none, which means: pick at random. */
  computeHashKey(into: Uint64): boolean;
  /** Endpoint metadata (`envoy.lb`) that the host must carry; null = any host. */
  readonly metadataMatch: Readonly<Record<string, unknown>> | null;
  /** The host that the request is to go to, past the load balancer; null = none. Answered once: later attempts choose freely. */
  takeOverrideHost?(): OverrideHost | null;
  /** How often a refused pick is repeated before it is taken all the same. 0 = `shouldSelectAnotherHost` is not asked. */
  readonly hostSelectionRetryCount: number;
  /** The first value of a request header, by its name in lower case; absent if what asks for a host has no headers. */
  downstreamHeader?(name: string): string | undefined;
  /** Moves load between priorities, for instance away from those that earlier attempts went to; absent or null = the load is as it is. */
  readonly priorityAdjuster?: PriorityAdjuster | null;
  /** Refuses a pick, for instance because an earlier attempt went to that host. */
  shouldSelectAnotherHost(host: LbHost): boolean;
}

/** The context of a request that wishes nothing. Shared. */
export const PLAIN_LOAD_BALANCER_CONTEXT: LoadBalancerContext = {
  computeHashKey: () => false,
  metadataMatch: null,
  hostSelectionRetryCount: 0,
  shouldSelectAnotherHost: () => false,
};
