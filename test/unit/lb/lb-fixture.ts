import type { RandomSource } from "../../../src/base/random.ts";
import type { Uint64 } from "../../../src/base/uint64.ts";
import type { HostHealth, LbHost } from "../../../src/lb/lb-host.ts";
import { type LoadBalancerContext, PLAIN_LOAD_BALANCER_CONTEXT } from "../../../src/lb/load-balancer-context.ts";

/** A host with these traits and nothing else about it. */
export function lbHost(name: string, traits: Partial<LbHost> = {}): LbHost {
  return {
    addressText: name,
    hostname: "",
    weight: 1,
    priority: 0,
    locality: { region: "", zone: "", subZone: "" },
    localityWeight: 0,
    health: "healthy" as HostHealth,
    excluded: false,
    metadata: new Map(),
    activeRequests: 0,
    ...traits,
  };
}

/** Random numbers that a test can predict: an LCG from a fixed seed. */
export class SeededRandom implements RandomSource {
  #state: number;

  constructor(seed = 1) {
    this.#state = seed;
  }

  uint32(): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0;
    // The low bits of an LCG hardly vary.
    return ((this.#state >>> 16) | (this.#state << 16)) >>> 0;
  }

  fraction(): number {
    return this.uint32() / 0x1_0000_0000;
  }

  uuid(): string {
    return "00000000-0000-4000-8000-000000000000";
  }
}

/** Always the same number. */
export function constantRandom(value: number): RandomSource {
  return { uint32: () => value, fraction: () => 0, uuid: () => "" };
}

/** The context of a request whose route made this hash; null = none. */
export function hashContext(hash: bigint | null, traits: Partial<LoadBalancerContext> = {}): LoadBalancerContext {
  const computeHashKey = (into: Uint64): boolean => {
    if (hash !== null) into.setBigInt(hash);
    return hash !== null;
  };
  return { ...PLAIN_LOAD_BALANCER_CONTEXT, computeHashKey, ...traits };
}

/** How often each host came up in `count` picks. */
export function tally(pick: () => LbHost | null, count: number): Record<string, number> {
  const counts: Record<string, number> = {};
  for (let at = 0; at < count; at++) {
    const name = pick()?.addressText ?? "none";
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}
