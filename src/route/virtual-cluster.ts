import type { RequestHeaderMap } from "../http/header-map.ts";
import { HeaderMatcher, type HeaderMatcherData, matchesAllHeaders } from "../match/header-matcher.ts";

/** Envoy's `VirtualCluster`, checked. Plain data. */
export interface VirtualClusterData {
  readonly name: string;
  /** All must match. */
  readonly headers: readonly HeaderMatcherData[];
}

/** Requests of a virtual host that are counted together. Immutable; its identity is the object. */
export interface VirtualCluster {
  readonly name: string;
}

interface Candidate extends VirtualCluster {
  readonly headers: readonly HeaderMatcher[];
}

/** Takes what no other virtual cluster of its virtual host takes. */
const OTHER = "other";

/** The virtual clusters of one virtual host. */
export class VirtualClusters {
  readonly #candidates: readonly Candidate[];
  readonly #other: VirtualCluster = { name: OTHER };

  constructor(data: readonly VirtualClusterData[]) {
    this.#candidates = data.map(({ name, headers }) => ({
      name,
      headers: headers.map((matcher) => new HeaderMatcher(matcher)),
    }));
  }

  /** The first that matches, else the one called `other`. */
  of(headers: RequestHeaderMap): VirtualCluster {
    for (const candidate of this.#candidates) if (matchesAllHeaders(candidate.headers, headers)) return candidate;
    return this.#other;
  }
}
