import { extensionConfig } from "../../../config/extension-config.ts";
import { supportAll } from "../../../config/field-support.ts";
import { GrpcWebSchema } from "../../../proto/gen/envoy/extensions/filters/http/grpc_web/v3/grpc_web_pb.js";

/** `envoy.filters.http.grpc_web`, main side. It has no settings. */
export const grpcWebConfig = extensionConfig({
  name: "envoy.filters.http.grpc_web",
  categories: ["envoy.filters.http"],
  schema: GrpcWebSchema,
  support: [supportAll(GrpcWebSchema)],
  compile: () => null,
});
