import type { CompileContext } from "../../../config/compile-context.ts";
import { extensionConfig } from "../../../config/extension-config.ts";
import { supportAll } from "../../../config/field-support.ts";
import type { Place } from "../../../config/place.ts";
import { type CidrData, cidrProblem } from "../../../match/ip-prefix-table.ts";
import { type CidrRange, CidrRangeSchema } from "../../../proto/gen/envoy/config/core/v3/address_pb.js";
import {
  IPTagging_IPTagSchema,
  IPTagging_RequestType,
  IPTaggingSchema,
} from "../../../proto/gen/envoy/extensions/filters/http/ip_tagging/v3/ip_tagging_pb.js";
import type { IpTaggingData } from "./filter.ts";

const REQUESTS: Record<IPTagging_RequestType, IpTaggingData["requests"]> = {
  [IPTagging_RequestType.BOTH]: "all",
  [IPTagging_RequestType.INTERNAL]: "internal",
  [IPTagging_RequestType.EXTERNAL]: "external",
};

/** `envoy.filters.http.ip_tagging`, main side. */
export const ipTaggingConfig = extensionConfig({
  name: "envoy.filters.http.ip_tagging",
  categories: ["envoy.filters.http"],
  schema: IPTaggingSchema,
  configRequired: true,
  support: [supportAll(IPTaggingSchema), supportAll(IPTagging_IPTagSchema), supportAll(CidrRangeSchema)],
  compile: (message, place, context): IpTaggingData => ({
    requests: REQUESTS[message.requestType],
    tags: message.ipTags.map(({ ipTagName, ipList }, i) => {
      const at = place.field("ip_tags").index(i).field("ip_list");
      return { name: ipTagName, ranges: compileRanges(ipList, at, context) };
    }),
  }),
});

function compileRanges(ranges: readonly CidrRange[], place: Place, context: CompileContext): CidrData[] {
  const compiled: CidrData[] = [];
  for (const [i, { addressPrefix: address, prefixLen: prefixLength = 0 }] of ranges.entries()) {
    const problem = cidrProblem({ address, prefixLength });
    if (problem === null) compiled.push({ address, prefixLength });
    else context.error(place.index(i), problem);
  }
  return compiled;
}
