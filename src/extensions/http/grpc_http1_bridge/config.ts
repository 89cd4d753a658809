import { extensionConfig } from "../../../config/extension-config.ts";
import { supportAll } from "../../../config/field-support.ts";
import { ConfigSchema } from "../../../proto/gen/envoy/extensions/filters/http/grpc_http1_bridge/v3/config_pb.js";
import type { GrpcHttp1BridgeData } from "./filter.ts";

/** `envoy.filters.http.grpc_http1_bridge`, main side. */
export const grpcHttp1BridgeConfig = extensionConfig({
  name: "envoy.filters.http.grpc_http1_bridge",
  categories: ["envoy.filters.http"],
  schema: ConfigSchema,
  support: [supportAll(ConfigSchema)],
  compile: (message): GrpcHttp1BridgeData => ({
    upgradeProtobuf: message.upgradeProtobufToGrpc,
    ignoreQuery: message.ignoreQueryParameters,
  }),
});
