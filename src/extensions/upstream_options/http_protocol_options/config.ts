import { extensionConfig } from "../../../config/extension-config.ts";
import { notYet, support, yes } from "../../../config/field-support.ts";
import {
  HttpProtocolOptions_AutoHttpConfigSchema,
  HttpProtocolOptions_ExplicitHttpConfigSchema,
  HttpProtocolOptions_UseDownstreamHttpConfigSchema,
  HttpProtocolOptionsSchema,
} from "../../../proto/gen/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.js";
import { UPSTREAM_PROTOCOL_SUPPORT } from "../../../upstream/compile/http-protocol-support.ts";
import { HTTP_PROTOCOL_OPTIONS } from "../../../upstream/config.ts";
import { compileHttpProtocol, type HttpProtocolData } from "../../../upstream/http-protocol-data.ts";

const SAY_WHICH = "explicit_http_config: { http2_protocol_options: {} }";

/** How a cluster speaks HTTP: the value of `typed_extension_protocol_options`, main side. It has no worker side of its own. */
export const httpProtocolOptionsConfig = extensionConfig({
  name: HTTP_PROTOCOL_OPTIONS,
  categories: ["envoy.upstream_options"],
  schema: HttpProtocolOptionsSchema,
  support: [
    ...UPSTREAM_PROTOCOL_SUPPORT,
    support(HttpProtocolOptionsSchema, {
      common_http_protocol_options: yes,
      explicit_http_config: yes,
      upstream_http_protocol_options: yes,
      use_downstream_protocol_config: yes,
      auto_config: yes,
    }),
    support(HttpProtocolOptions_AutoHttpConfigSchema, {
      http_protocol_options: yes,
      http2_protocol_options: yes,
      http3_protocol_options: notYet("there is no HTTP/3"),
      alternate_protocols_cache_options: notYet("there is no HTTP/3"),
    }),
    support(HttpProtocolOptions_ExplicitHttpConfigSchema, {
      http_protocol_options: yes,
      http2_protocol_options: yes,
      http3_protocol_options: notYet("there is no HTTP/3", SAY_WHICH),
    }),
    support(HttpProtocolOptions_UseDownstreamHttpConfigSchema, {
      http_protocol_options: yes,
      http2_protocol_options: yes,
      http3_protocol_options: notYet("there is no HTTP/3"),
    }),
  ],
  compile(message, place, context): HttpProtocolData {
    const { commonHttpProtocolOptions: common, upstreamProtocolOptions: options } = message;
    const { upstreamHttpProtocolOptions: upstream } = message;
    if (options.case === "useDownstreamProtocolConfig" || options.case === "autoConfig") {
      const isAuto = options.case === "autoConfig";
      const { httpProtocolOptions: http1, http2ProtocolOptions: http2 } = options.value;
      const at = place.field(isAuto ? "auto_config" : "use_downstream_protocol_config").field("http_protocol_options");
      return compileHttpProtocol({ common, http1, http2, upstream }, isAuto ? "auto" : "downstream", at, context);
    }
    const protocol = options.case === "explicitHttpConfig" ? options.value.protocolConfig : undefined;
    const http1 = protocol?.case === "httpProtocolOptions" ? protocol.value : undefined;
    const http2 = protocol?.case === "http2ProtocolOptions" ? protocol.value : undefined;
    const at = place.field("explicit_http_config").field("http_protocol_options");
    const httpProtocol = http2 === undefined ? "http1" : "http2";
    return compileHttpProtocol({ common, http1, http2, upstream }, httpProtocol, at, context);
  },
});
