import { extensionConfig } from "../../../config/extension-config.ts";
import { support, yes } from "../../../config/field-support.ts";
import { StatsdSinkSchema } from "../../../proto/gen/envoy/config/metrics/v3/stats_pb.js";
import { compileStatsdSink, DATAGRAM_ADDRESS, type StatsdSinkData } from "../statsd-sink-data.ts";

/** `envoy.stat_sinks.statsd`: by UDP, or by TCP to a cluster. */
export const statsdSinkConfig = extensionConfig({
  name: "envoy.stat_sinks.statsd",
  categories: ["envoy.stats_sinks"],
  schema: StatsdSinkSchema,
  support: [support(StatsdSinkSchema, { address: DATAGRAM_ADDRESS, tcp_cluster_name: yes, prefix: yes })],
  configRequired: true,
  compile: (message, place, context): StatsdSinkData =>
    compileStatsdSink("plain", message, message.statsdSpecifier.value, place, context),
});
