import { extensionConfig } from "../../../config/extension-config.ts";
import { support } from "../../../config/field-support.ts";
import { PreviousHostsPredicateSchema } from "../../../proto/gen/envoy/extensions/retry/host/previous_hosts/v3/previous_hosts_pb.js";

/** Retries go to hosts that have not been tried yet. It has no settings; the router knows what to do. */
export const previousHostsConfig = extensionConfig({
  name: "envoy.retry_host_predicates.previous_hosts",
  categories: ["envoy.retry_host_predicates"],
  schema: PreviousHostsPredicateSchema,
  support: [support(PreviousHostsPredicateSchema, {})],
  compile: () => null,
});
