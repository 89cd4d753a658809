import { extensionConfig } from "../../../config/extension-config.ts";
import { supportAll } from "../../../config/field-support.ts";
import { PreviousPrioritiesConfigSchema } from "../../../proto/gen/envoy/extensions/retry/priority/previous_priorities/v3/previous_priorities_config_pb.js";
import type { PreviousPrioritiesData } from "../../../route/retry-policy-data.ts";

/** Retries go to priorities that have not been tried yet. The router knows what to do. */
export const previousPrioritiesConfig = extensionConfig({
  name: "envoy.retry_priorities.previous_priorities",
  categories: ["envoy.retry_priorities"],
  schema: PreviousPrioritiesConfigSchema,
  support: [supportAll(PreviousPrioritiesConfigSchema)],
  compile: (message): PreviousPrioritiesData => ({ updateFrequency: message.updateFrequency }),
});
