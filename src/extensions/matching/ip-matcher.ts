import { extensionConfig } from "../../config/extension-config.ts";
import { supportAll } from "../../config/field-support.ts";
import { type CidrData, cidrProblem } from "../../match/ip-prefix-table.ts";
import { CidrRangeSchema } from "../../proto/gen/envoy/config/core/v3/address_pb.js";
import { IpSchema } from "../../proto/gen/envoy/extensions/matching/input_matchers/ip/v3/ip_pb.js";

/** A condition of a match tree: the input is an address in one of these ranges. */
export const ipMatcherConfig = extensionConfig({
  name: "envoy.matching.matchers.ip",
  categories: ["envoy.matching.input_matchers"],
  schema: IpSchema,
  support: [supportAll(IpSchema), supportAll(CidrRangeSchema)],
  compile: ({ cidrRanges }, place, context): CidrData[] => {
    const ranges = cidrRanges.map(({ addressPrefix: address, prefixLen: prefixLength = 0 }) => ({
      address,
      prefixLength,
    }));
    for (const [i, range] of ranges.entries()) {
      const problem = cidrProblem(range);
      if (problem !== null) context.error(place.field("cidr_ranges").index(i), problem);
    }
    return ranges;
  },
});
