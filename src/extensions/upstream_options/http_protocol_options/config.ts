import { extensionConfig } from "../../../config/extension-config.ts";
import { notYet, support, yes } from "../../../config/field-support.ts";
import {
  HttpProtocolOptions_ExplicitHttpConfigSchema,
  HttpProtocolOptionsSchema,
} from "../../../proto/gen/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.js";
import { UPSTREAM_PROTOCOL_SUPPORT } from "../../../upstream/compile/http-protocol-support.ts";
import { HTTP_PROTOCOL_OPTIONS } from "../../../upstream/config.ts";
import { compileHttpProtocol, type HttpProtocolData } from "../../../upstream/http-protocol-data.ts";

const ONLY_HTTP1 = "upstream connections speak HTTP/1.1 for now";
const SAY_HTTP1 = "explicit_http_config: { http_protocol_options: {} }";

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
      upstream_http_protocol_options: notYet("upstream connections are plain TCP for now"),
      use_downstream_protocol_config: notYet(ONLY_HTTP1, SAY_HTTP1),
      auto_config: notYet(ONLY_HTTP1, SAY_HTTP1),
    }),
    support(HttpProtocolOptions_ExplicitHttpConfigSchema, {
      http_protocol_options: yes,
      http2_protocol_options: notYet(ONLY_HTTP1, SAY_HTTP1),
      http3_protocol_options: notYet(ONLY_HTTP1, SAY_HTTP1),
    }),
  ],
  compile: (message): HttpProtocolData => {
    const explicit = message.upstreamProtocolOptions;
    const protocol = explicit.case === "explicitHttpConfig" ? explicit.value.protocolConfig : undefined;
    const http1 = protocol?.case === "httpProtocolOptions" ? protocol.value : undefined;
    return compileHttpProtocol(message.commonHttpProtocolOptions, http1);
  },
});
