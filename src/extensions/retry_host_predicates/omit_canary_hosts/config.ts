import { extensionConfig } from "../../../config/extension-config.ts";
import { support } from "../../../config/field-support.ts";
import { OmitCanaryHostsPredicateSchema } from "../../../proto/gen/envoy/extensions/retry/host/omit_canary_hosts/v3/omit_canary_hosts_pb.js";

/** Retries go to hosts that are no canaries. It has no settings; the router knows what to do. */
export const omitCanaryHostsConfig = extensionConfig({
  name: "envoy.retry_host_predicates.omit_canary_hosts",
  categories: ["envoy.retry_host_predicates"],
  schema: OmitCanaryHostsPredicateSchema,
  support: [support(OmitCanaryHostsPredicateSchema, {})],
  compile: () => null,
});
