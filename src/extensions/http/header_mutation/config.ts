import type { CompileContext } from "../../../config/compile-context.ts";
import { extensionConfig } from "../../../config/extension-config.ts";
import { supportAll } from "../../../config/field-support.ts";
import type { Place } from "../../../config/place.ts";
import { HeaderMutationSchema as MutationSchema } from "../../../proto/gen/envoy/config/common/mutation_rules/v3/mutation_rules_pb.js";
import {
  HeaderMutationPerRouteSchema,
  HeaderMutationSchema,
  type Mutations,
  MutationsSchema,
} from "../../../proto/gen/envoy/extensions/filters/http/header_mutation/v3/header_mutation_pb.js";
import { compileHeaderMutationList } from "../../../route/compile/header-mutation-list.ts";
import type { HeaderMutationData } from "./filter.ts";
import type { MutationsData } from "./mutation-list.ts";

/**
 * `envoy.filters.http.header_mutation`, main side.
 * Differs from Envoy: host and pseudo-headers can't be changed; the route's rewrites do that.
 */
export const headerMutationConfig = extensionConfig({
  name: "envoy.filters.http.header_mutation",
  categories: ["envoy.filters.http"],
  schema: HeaderMutationSchema,
  routeSchema: HeaderMutationPerRouteSchema,
  support: [
    supportAll(HeaderMutationSchema),
    supportAll(HeaderMutationPerRouteSchema),
    supportAll(MutationsSchema),
    supportAll(MutationSchema),
  ],
  compile: (message, place, context): HeaderMutationData => ({
    mutations: compileMutations(message.mutations, place.field("mutations"), context),
    mostSpecificWins: message.mostSpecificHeaderMutationsWins,
  }),
  compileRoute: (message, place, context): MutationsData =>
    compileMutations(message.mutations, place.field("mutations"), context),
});

function compileMutations(message: Mutations | undefined, place: Place, context: CompileContext): MutationsData {
  return {
    request: compileHeaderMutationList(message?.requestMutations ?? [], place.field("request_mutations"), context),
    response: compileHeaderMutationList(message?.responseMutations ?? [], place.field("response_mutations"), context),
  };
}
