import { FilterHeadersStatus } from "../../../http/filter.ts";
import type { RequestHeaderMap } from "../../../http/header-map.ts";
import { PassThroughFilter } from "../../../http/pass-through-filter.ts";
import type { CidrData, IpPrefixTable } from "../../../match/ip-prefix-table.ts";
import type { Counter } from "../../../stats/scope.ts";
import type { IpTaggingStats } from "./stats.ts";

const HEADER = "x-envoy-ip-tags";

/** Envoy's `IPTagging`, checked. Plain data. */
export interface IpTaggingData {
  readonly requests: "all" | "internal" | "external";
  readonly tags: readonly { readonly name: string; readonly ranges: readonly CidrData[] }[];
}

/** What the streams of one configured filter on one worker share. */
export interface IpTaggingRuntime {
  readonly requests: IpTaggingData["requests"];
  readonly tags: readonly { readonly name: string; readonly ranges: IpPrefixTable<true>; readonly hit: Counter }[];
  readonly stats: IpTaggingStats;
}

/** Adds the tags of the client's address to `x-envoy-ip-tags`, which routes may match on. Source: Envoy's `IpTaggingFilter`. */
export class IpTaggingFilter extends PassThroughFilter {
  readonly #runtime: IpTaggingRuntime;

  constructor(runtime: IpTaggingRuntime) {
    super();
    this.#runtime = runtime;
  }

  override decodeHeaders(headers: RequestHeaderMap): FilterHeadersStatus {
    const { requests, tags, stats } = this.#runtime;
    const isInternal = headers.get("x-envoy-internal") === "true";
    if (requests !== "all" && (requests === "internal") !== isInternal) return FilterHeadersStatus.continue;
    const ip = this.decoder.streamInfo.downstreamRemoteIp;
    let found = "";
    for (const tag of tags) {
      if (!tag.ranges.has(ip)) continue;
      found += found === "" ? tag.name : `,${tag.name}`;
      tag.hit.inc();
    }
    stats.total.inc();
    if (found === "") {
      stats.noHit.inc();
      return FilterHeadersStatus.continue;
    }
    headers.append(HEADER, found);
    this.decoder.clearRouteCache();
    return FilterHeadersStatus.continue;
  }
}
