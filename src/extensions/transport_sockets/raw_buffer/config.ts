import { extensionConfig } from "../../../config/extension-config.ts";
import { support } from "../../../config/field-support.ts";
import { RawBufferSchema } from "../../../proto/gen/envoy/extensions/transport_sockets/raw_buffer/v3/raw_buffer_pb.js";

/** A plain connection, said in words: the same as no transport socket at all. It has nothing to set. */
export const rawBufferConfig = extensionConfig({
  name: "envoy.transport_sockets.raw_buffer",
  categories: ["envoy.transport_sockets.downstream", "envoy.transport_sockets.upstream"],
  schema: RawBufferSchema,
  support: [support(RawBufferSchema, {})],
  compile: () => null,
});
