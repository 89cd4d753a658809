import { extensionConfig } from "../../../config/extension-config.ts";
import { support, yes } from "../../../config/field-support.ts";
import { GraphiteStatsdSinkSchema } from "../../../proto/gen/envoy/extensions/stat_sinks/graphite_statsd/v3/graphite_statsd_pb.js";
import { compileStatsdSink, DATAGRAM_ADDRESS, type StatsdSinkData } from "../statsd-sink-data.ts";

/** `envoy.stat_sinks.graphite_statsd`: statsd with tags behind the name, by UDP. */
export const graphiteStatsdSinkConfig = extensionConfig({
  name: "envoy.stat_sinks.graphite_statsd",
  categories: ["envoy.stats_sinks"],
  schema: GraphiteStatsdSinkSchema,
  support: [support(GraphiteStatsdSinkSchema, { address: DATAGRAM_ADDRESS, prefix: yes, max_bytes_per_datagram: yes })],
  configRequired: true,
  compile: (message, place, context): StatsdSinkData =>
    compileStatsdSink("graphite", message, message.statsdSpecifier.value, place, context),
});
