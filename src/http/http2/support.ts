import { type MessageSupport, noEffect, notYet, only, support, supportAll } from "../../config/field-support.ts";
import {
  Http2ProtocolOptionsSchema,
  KeepaliveSettingsSchema,
} from "../../proto/gen/envoy/config/core/v3/protocol_pb.js";
import { PercentSchema } from "../../proto/gen/envoy/type/v3/percent_pb.js";

/** Which settings of HTTP/2 are implemented, down- and upstream. */
export const HTTP2_SUPPORT: readonly MessageSupport[] = [
  supportAll(Http2ProtocolOptionsSchema, {
    allow_metadata: only([false], "METADATA frames are Envoy's own"),
    custom_settings_parameters: notYet(),
    use_oghttp2_codec: noEffect("it chooses between two codecs; Troupe has one"),
  }),
  supportAll(KeepaliveSettingsSchema),
  support(PercentSchema, { value: { type: "yes" } }),
];
