import { extensionConfig } from "../../../config/extension-config.ts";
import { supportAll } from "../../../config/field-support.ts";
import { OmitHostMetadataConfigSchema } from "../../../proto/gen/envoy/extensions/retry/host/omit_host_metadata/v3/omit_host_metadata_config_pb.js";
import { lbMetadata } from "../../../route/compile/cluster-specifier.ts";
import type { OmitHostMetadataData } from "../../../route/retry-policy-data.ts";

/** Retries go to hosts that do not carry this metadata. The router knows what to do. */
export const omitHostMetadataConfig = extensionConfig({
  name: "envoy.retry_host_predicates.omit_host_metadata",
  categories: ["envoy.retry_host_predicates"],
  schema: OmitHostMetadataConfigSchema,
  support: [supportAll(OmitHostMetadataConfigSchema)],
  compile: (message): OmitHostMetadataData => ({ metadata: lbMetadata(message.metadataMatch) ?? {} }),
});
