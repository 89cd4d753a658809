import { extensionConfig } from "../../../config/extension-config.ts";
import { supportAll } from "../../../config/field-support.ts";
import { XffConfigSchema } from "../../../proto/gen/envoy/extensions/http/original_ip_detection/xff/v3/xff_pb.js";
import type { IpDetectionData } from "../ip-detection-data.ts";

/** `envoy.http.original_ip_detection.xff`. */
export const xffDetectionConfig = extensionConfig({
  name: "envoy.http.original_ip_detection.xff",
  categories: ["envoy.http.original_ip_detection"],
  schema: XffConfigSchema,
  configRequired: true,
  support: [supportAll(XffConfigSchema)],
  compile: ({ xffNumTrustedHops }): IpDetectionData => ({ type: "xff", trustedHops: xffNumTrustedHops }),
});
