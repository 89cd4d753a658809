import { extensionConfig } from "../../../config/extension-config.ts";
import { supportAll } from "../../../config/field-support.ts";
import {
  BufferPerRouteSchema,
  BufferSchema,
} from "../../../proto/gen/envoy/extensions/filters/http/buffer/v3/buffer_pb.js";
import type { BufferData } from "./filter.ts";

/** `envoy.filters.http.buffer`, main side. */
export const bufferConfig = extensionConfig({
  name: "envoy.filters.http.buffer",
  categories: ["envoy.filters.http"],
  schema: BufferSchema,
  routeSchema: BufferPerRouteSchema,
  configRequired: true,
  support: [supportAll(BufferSchema), supportAll(BufferPerRouteSchema)],
  compile: (message): BufferData => ({ maxRequestBytes: message.maxRequestBytes ?? 0 }),
  compileRoute: ({ override }): BufferData => ({
    maxRequestBytes: override.case === "buffer" ? (override.value.maxRequestBytes ?? 0) : null,
  }),
});
