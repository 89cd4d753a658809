import { createIpSet } from "../../../match/ip-prefix-table.ts";
import type { HttpFilterModule } from "../../extension-module.ts";
import { type IpTaggingData, IpTaggingFilter, type IpTaggingRuntime } from "./filter.ts";
import { ipTaggingStats } from "./stats.ts";

/** `envoy.filters.http.ip_tagging`, worker side. */
export const httpFilter: HttpFilterModule = {
  createFactory(config, { scope }) {
    const { requests, tags } = config as IpTaggingData;
    const stats = ipTaggingStats(scope);
    const runtime: IpTaggingRuntime = {
      requests,
      tags: tags.map(({ name, ranges }) => ({ name, ranges: createIpSet(ranges), hit: stats.hit(name) })),
      stats,
    };
    return { create: (chain) => chain.addDecoderFilter(new IpTaggingFilter(runtime)), dispose: () => {} };
  },
};
