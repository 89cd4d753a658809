import type { CompileContext } from "../../config/compile-context.ts";
import { type MessageSupport, supportAll } from "../../config/field-support.ts";
import type { Place } from "../../config/place.ts";
import {
  type ClusterLoadAssignment_Policy,
  ClusterLoadAssignment_Policy_DropOverloadSchema,
} from "../../proto/gen/envoy/config/endpoint/v3/endpoint_pb.js";
import { FractionalPercentSchema } from "../../proto/gen/envoy/type/v3/percent_pb.js";
import { compileFractionalPercent } from "../../route/compile/route-match.ts";
import type { DropOverloadData } from "../cluster-data.ts";

/** Which fields of `drop_overloads` are implemented. */
export const DROP_OVERLOAD_SUPPORT: readonly MessageSupport[] = [
  supportAll(ClusterLoadAssignment_Policy_DropOverloadSchema),
  supportAll(FractionalPercentSchema),
];

/** Compiles `policy.drop_overloads`: null if nothing is dropped. `place` is that of the load assignment. */
export function compileDropOverload(
  policy: ClusterLoadAssignment_Policy | undefined,
  place: Place,
  context: CompileContext,
): DropOverloadData | null {
  const [first, ...others] = policy?.dropOverloads ?? [];
  if (first === undefined) return null;
  const at = place.field("policy").field("drop_overloads");
  if (others.length > 0) context.error(at.index(1), "there can be one category only, as in Envoy", "keep the first");
  const { numerator, denominator } = compileFractionalPercent(first.dropPercentage);
  if (numerator > denominator) {
    const text = `${numerator} of ${denominator} is more than all`;
    context.error(at.index(0).field("drop_percentage"), text);
  }
  return numerator === 0 ? null : { category: first.category, numerator, denominator };
}
