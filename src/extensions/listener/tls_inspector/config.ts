import { extensionConfig } from "../../../config/extension-config.ts";
import { noEffect, support, yes } from "../../../config/field-support.ts";
import { TlsInspectorSchema } from "../../../proto/gen/envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector_pb.js";

/**
 * The main-side half of `envoy.filters.listener.tls_inspector`. Differs from Envoy: `enable_ja3_fingerprinting` makes the JA4 fingerprint, too, whose
 * own setting the protos of this version lack.
 */
export const tlsInspectorConfig = extensionConfig({
  name: "envoy.filters.listener.tls_inspector",
  categories: ["envoy.filters.listener"],
  schema: TlsInspectorSchema,
  support: [
    support(TlsInspectorSchema, {
      enable_ja3_fingerprinting: yes,
      initial_read_buffer_size: noEffect("the buffer is as large as what the client has sent"),
    }),
  ],
  compile: ({ enableJa3Fingerprinting }) => ({ fingerprints: enableJa3Fingerprinting ?? false }),
});
