import { type MessageSupport, noEffect, only, support, supportAll, yes } from "../../config/field-support.ts";
import { KEY_FORMAT_SUPPORT } from "../../http/http1/config.ts";
import { HTTP2_SUPPORT } from "../../http/http2/support.ts";
import {
  Http1ProtocolOptionsSchema,
  HttpProtocolOptionsSchema,
  UpstreamHttpProtocolOptionsSchema,
} from "../../proto/gen/envoy/config/core/v3/protocol_pb.js";

const DOWNSTREAM_ONLY = noEffect("it is about requests from clients");

/** What is implemented of the protocol options where they are about upstream connections. */
export const UPSTREAM_PROTOCOL_SUPPORT: readonly MessageSupport[] = [
  support(HttpProtocolOptionsSchema, {
    idle_timeout: yes,
    max_connection_duration: yes,
    max_headers_count: yes,
    max_requests_per_connection: yes,
    max_stream_duration: yes,
    headers_with_underscores_action: DOWNSTREAM_ONLY,
  }),
  support(Http1ProtocolOptionsSchema, {
    enable_trailers: yes,
    allow_absolute_url: DOWNSTREAM_ONLY,
    accept_http_10: DOWNSTREAM_ONLY,
    default_host_for_http_10: DOWNSTREAM_ONLY,
    allow_chunked_length: only([false], "responses with both lengths are refused: they are how responses are smuggled"),
    send_fully_qualified_url: yes,
    header_key_format: yes,
    allow_custom_methods: DOWNSTREAM_ONLY,
    use_balsa_parser: noEffect("there is one parser, which is Troupe's own"),
  }),
  ...KEY_FORMAT_SUPPORT,
  supportAll(UpstreamHttpProtocolOptionsSchema),
  ...HTTP2_SUPPORT,
];
