import { extensionConfig } from "../../../config/extension-config.ts";
import { support, yes } from "../../../config/field-support.ts";
import { DogStatsdSinkSchema } from "../../../proto/gen/envoy/config/metrics/v3/stats_pb.js";
import { compileStatsdSink, DATAGRAM_ADDRESS, type StatsdSinkData } from "../statsd-sink-data.ts";

/** `envoy.stat_sinks.dog_statsd`: statsd with tags behind the value, by UDP. */
export const dogStatsdSinkConfig = extensionConfig({
  name: "envoy.stat_sinks.dog_statsd",
  categories: ["envoy.stats_sinks"],
  schema: DogStatsdSinkSchema,
  support: [support(DogStatsdSinkSchema, { address: DATAGRAM_ADDRESS, prefix: yes, max_bytes_per_datagram: yes })],
  configRequired: true,
  compile: (message, place, context): StatsdSinkData =>
    compileStatsdSink("dog", message, message.dogStatsdSpecifier.value, place, context),
});
