import { extensionConfig } from "../../../config/extension-config.ts";
import { supportAll } from "../../../config/field-support.ts";
import {
  GrpcMethodList_ServiceSchema,
  GrpcMethodListSchema,
} from "../../../proto/gen/envoy/config/core/v3/grpc_method_list_pb.js";
import { FilterConfigSchema } from "../../../proto/gen/envoy/extensions/filters/http/grpc_stats/v3/config_pb.js";
import type { GrpcStatsData } from "./filter.ts";

/** `envoy.filters.http.grpc_stats`, main side. */
export const grpcStatsConfig = extensionConfig({
  name: "envoy.filters.http.grpc_stats",
  categories: ["envoy.filters.http"],
  schema: FilterConfigSchema,
  support: [supportAll(FilterConfigSchema), supportAll(GrpcMethodListSchema), supportAll(GrpcMethodList_ServiceSchema)],
  compile: (message): GrpcStatsData => {
    const { perMethodStatSpecifier: specifier } = message;
    const listed =
      specifier.case === "individualMethodStatsAllowlist"
        ? specifier.value.services.flatMap(({ name, methodNames }) => methodNames.map((method) => `${name}/${method}`))
        : [];
    return {
      methods: specifier.case === "statsForAllMethods" && specifier.value ? "all" : listed,
      emitFilterState: message.emitFilterState,
      upstreamStats: message.enableUpstreamStats,
      replaceDots: message.replaceDotsInGrpcServiceName,
    };
  },
});
