import { accessLogSupport, compileAccessLogs } from "../../../access-log/config.ts";
import { durationMs } from "../../../config/duration-ms.ts";
import { extensionConfig } from "../../../config/extension-config.ts";
import { support, supportAll, yes } from "../../../config/field-support.ts";
import {
  Router_UpstreamAccessLogOptionsSchema,
  RouterSchema,
} from "../../../proto/gen/envoy/extensions/filters/http/router/v3/router_pb.js";
import type { RouterData } from "./router-runtime.ts";

/** `envoy.filters.http.router`, main side. */
export const routerConfig = extensionConfig({
  name: "envoy.filters.http.router",
  categories: ["envoy.filters.http"],
  schema: RouterSchema,
  support: [
    support(RouterSchema, {
      dynamic_stats: yes,
      start_child_span: yes,
      suppress_envoy_headers: yes,
      strict_check_headers: yes,
      respect_expected_rq_timeout: yes,
      suppress_grpc_request_failure_code_stats: yes,
      upstream_log: yes,
      upstream_log_options: yes,
    }),
    supportAll(Router_UpstreamAccessLogOptionsSchema),
    ...accessLogSupport,
  ],
  terminal: true,
  compile: (message, place, context): RouterData => ({
    suppressEnvoyHeaders: message.suppressEnvoyHeaders,
    dynamicStats: message.dynamicStats ?? true,
    suppressGrpcCodeStats: message.suppressGrpcRequestFailureCodeStats,
    respectsExpectedTimeout: message.respectExpectedRqTimeout,
    strictHeaders: message.strictCheckHeaders,
    zone: context.facts.nodeZone,
    startChildSpan: message.startChildSpan,
    upstreamLogs: compileAccessLogs(message.upstreamLog, place.field("upstream_log"), context),
    upstreamLogOptions: {
      onPoolReady: message.upstreamLogOptions?.flushUpstreamLogOnUpstreamStream ?? false,
      flushIntervalMs: durationMs(message.upstreamLogOptions?.upstreamLogFlushInterval, 0),
    },
  }),
});
