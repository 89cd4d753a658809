import { extensionConfig } from "../../../config/extension-config.ts";
import { supportAll } from "../../../config/field-support.ts";
import {
  LeastRequestSchema,
  LeastRequest_SelectionMethod as SelectionMethod,
} from "../../../proto/gen/envoy/extensions/load_balancing_policies/least_request/v3/least_request_pb.js";
import type { BalancingData } from "../../../upstream/cluster-data.ts";
import { compileLeastRequest } from "../../../upstream/compile/edf-policies.ts";
import { compileLocalityRouting } from "../../../upstream/compile/locality-routing.ts";

/** `LEAST_REQUEST` as an extension, with its second way to select: to look at all hosts. */
export const leastRequestConfig = extensionConfig({
  name: "envoy.load_balancing_policies.least_request",
  categories: ["envoy.load_balancing_policies"],
  schema: LeastRequestSchema,
  support: [supportAll(LeastRequestSchema)],
  compile: (message, place, context): BalancingData => {
    const fullScan = message.enableFullScan === true || message.selectionMethod === SelectionMethod.FULL_SCAN;
    return {
      loadBalancer: compileLeastRequest(message, fullScan, place, context),
      locality: compileLocalityRouting(message.localityLbConfig, place, context),
      subsets: null,
    };
  },
});
