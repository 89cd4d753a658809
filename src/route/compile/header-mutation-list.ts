import type { CompileContext } from "../../config/compile-context.ts";
import type { Place } from "../../config/place.ts";
import type { HeaderMutation } from "../../proto/gen/envoy/config/common/mutation_rules/v3/mutation_rules_pb.js";
import type { HeaderMutationsData } from "../header-mutations.ts";
import { compileHeaderAddition } from "./header-mutations.ts";
import { compileMutableHeaderName } from "./header-name.ts";

/** A list of `HeaderMutation`: single removals and additions in the order in which they are made. */
export function compileHeaderMutationList(
  messages: readonly HeaderMutation[],
  place: Place,
  context: CompileContext,
): HeaderMutationsData[] {
  const compiled: HeaderMutationsData[] = [];
  for (const [i, { action }] of messages.entries()) {
    const at = place.index(i);
    if (action.case === "remove") {
      compiled.push({ remove: [compileMutableHeaderName(action.value, at.field("remove"), context)], add: [] });
    } else if (action.case === "append") {
      compiled.push({ remove: [], add: [compileHeaderAddition(action.value, at.field("append"), context)] });
    }
  }
  return compiled;
}
