import { extensionConfig } from "../../../config/extension-config.ts";
import { supportAll } from "../../../config/field-support.ts";
import { CustomHeaderConfigSchema } from "../../../proto/gen/envoy/extensions/http/original_ip_detection/custom_header/v3/custom_header_pb.js";
import { HttpStatusSchema } from "../../../proto/gen/envoy/type/v3/http_status_pb.js";
import type { IpDetectionData } from "../ip-detection-data.ts";

const FORBIDDEN = 403;

/** `envoy.http.original_ip_detection.custom_header`. A status that is none of an error means 403, as in Envoy. */
export const customHeaderDetectionConfig = extensionConfig({
  name: "envoy.http.original_ip_detection.custom_header",
  categories: ["envoy.http.original_ip_detection"],
  schema: CustomHeaderConfigSchema,
  configRequired: true,
  support: [supportAll(CustomHeaderConfigSchema), supportAll(HttpStatusSchema)],
  compile: ({ headerName, allowExtensionToSetAddressAsTrusted, rejectWithStatus }): IpDetectionData => ({
    type: "customHeader",
    header: headerName.toLowerCase(),
    trusted: allowExtensionToSetAddressAsTrusted,
    rejectStatus: rejectWithStatus === undefined ? null : errorStatus(rejectWithStatus.code),
  }),
});

function errorStatus(code: number): number {
  return code >= 400 && code <= 511 ? code : FORBIDDEN;
}
