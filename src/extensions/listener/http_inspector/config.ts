import { extensionConfig } from "../../../config/extension-config.ts";
import { supportAll } from "../../../config/field-support.ts";
import { HttpInspectorSchema } from "../../../proto/gen/envoy/extensions/filters/listener/http_inspector/v3/http_inspector_pb.js";

/** The main-side half of `envoy.filters.listener.http_inspector`. */
export const httpInspectorConfig = extensionConfig({
  name: "envoy.filters.listener.http_inspector",
  categories: ["envoy.filters.listener"],
  schema: HttpInspectorSchema,
  support: [supportAll(HttpInspectorSchema)],
  compile: () => null,
});
