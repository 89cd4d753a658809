import { extensionConfig } from "../../../config/extension-config.ts";
import { supportAll } from "../../../config/field-support.ts";
import { HeaderMutationSchema as MutationSchema } from "../../../proto/gen/envoy/config/common/mutation_rules/v3/mutation_rules_pb.js";
import { HeaderMutationSchema } from "../../../proto/gen/envoy/extensions/http/early_header_mutation/header_mutation/v3/header_mutation_pb.js";
import { compileHeaderMutationList } from "../../../route/compile/header-mutation-list.ts";
import type { HeaderMutationsData } from "../../../route/header-mutations.ts";

/**
 * `envoy.http.early_header_mutation.header_mutation`. Differs from Envoy: host and pseudo-headers can't be changed; the route's rewrites do that.
 */
export const earlyHeaderMutationConfig = extensionConfig({
  name: "envoy.http.early_header_mutation.header_mutation",
  categories: ["envoy.http.early_header_mutation"],
  schema: HeaderMutationSchema,
  configRequired: true,
  support: [supportAll(HeaderMutationSchema), supportAll(MutationSchema)],
  compile: ({ mutations }, place, context): HeaderMutationsData[] =>
    compileHeaderMutationList(mutations, place.field("mutations"), context),
});
