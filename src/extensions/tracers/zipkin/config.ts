import { extensionConfig } from "../../../config/extension-config.ts";
import { only, support, yes } from "../../../config/field-support.ts";
import { ZipkinConfigSchema } from "../../../proto/gen/envoy/config/trace/v3/zipkin_pb.js";
import type { ZipkinData } from "./zipkin-data.ts";

/** `envoy.tracers.zipkin`, main side. */
export const zipkinConfig = extensionConfig({
  name: "envoy.tracers.zipkin",
  categories: ["envoy.tracers"],
  schema: ZipkinConfigSchema,
  support: [
    support(ZipkinConfigSchema, {
      collector_cluster: yes,
      collector_endpoint: yes,
      trace_id_128bit: yes,
      shared_span_context: yes,
      collector_endpoint_version: only(["HTTP_JSON"], "spans are sent as JSON, version 2"),
      collector_hostname: yes,
      split_spans_for_request: only([false], "use spawn_upstream_span of the connection manager's tracing"),
    }),
  ],
  configRequired: true,
  compile: (message, place, context): ZipkinData => {
    context.requireResource("cluster", message.collectorCluster, place.field("collector_cluster"));
    return {
      collectorCluster: message.collectorCluster,
      collectorEndpoint: message.collectorEndpoint,
      collectorHostname: message.collectorHostname || message.collectorCluster,
      traceId128Bit: message.traceId128bit,
      sharedSpanContext: message.sharedSpanContext ?? true,
      serviceName: context.facts.nodeCluster,
    };
  },
});
