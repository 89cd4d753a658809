import { extensionConfig } from "../../../config/extension-config.ts";
import { supportAll } from "../../../config/field-support.ts";
import { UuidRequestIdConfigSchema } from "../../../proto/gen/envoy/extensions/request_id/uuid/v3/uuid_pb.js";
import type { RequestIdData } from "../request-id-data.ts";

/** `envoy.request_id.uuid`. */
export const uuidRequestIdConfig = extensionConfig({
  name: "envoy.request_id.uuid",
  categories: ["envoy.request_id"],
  schema: UuidRequestIdConfigSchema,
  support: [supportAll(UuidRequestIdConfigSchema)],
  compile: ({ packTraceReason, useRequestIdForTraceSampling }): RequestIdData => ({
    packTraceReason: packTraceReason ?? true,
    sampleById: useRequestIdForTraceSampling ?? true,
  }),
});
