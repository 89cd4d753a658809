import type { CompileContext } from "../../config/compile-context.ts";
import { type MessageSupport, supportAll } from "../../config/field-support.ts";
import type { Place } from "../../config/place.ts";
import type { MetadataMatcherData } from "../../match/metadata-matcher.ts";
import type { ValueMatcherData } from "../../match/value-matcher.ts";
import {
  type MetadataMatcher,
  MetadataMatcher_PathSegmentSchema,
  MetadataMatcherSchema,
} from "../../proto/gen/envoy/type/matcher/v3/metadata_pb.js";
import { DoubleMatcherSchema } from "../../proto/gen/envoy/type/matcher/v3/number_pb.js";
import {
  ListMatcherSchema,
  OrMatcherSchema,
  type ValueMatcher,
  ValueMatcher_NullMatchSchema,
  ValueMatcherSchema,
} from "../../proto/gen/envoy/type/matcher/v3/value_pb.js";
import { DoubleRangeSchema } from "../../proto/gen/envoy/type/v3/range_pb.js";
import { compileStringMatcher } from "./matchers.ts";

/** Stands in for what the protos' own rules have refused. */
const MISSING: ValueMatcherData = { type: "present", present: false };

/** A `MetadataMatcher`. */
export function compileMetadataMatcher(
  message: MetadataMatcher,
  place: Place,
  context: CompileContext,
): MetadataMatcherData {
  return {
    namespace: message.filter,
    path: message.path.map(({ segment }) => segment.value ?? ""),
    value: compileValueMatcher(message.value, place.field("value"), context),
    invert: message.invert,
  };
}

/** A `ValueMatcher`. */
function compileValueMatcher(
  message: ValueMatcher | undefined,
  place: Place,
  context: CompileContext,
): ValueMatcherData {
  const pattern = message?.matchPattern;
  switch (pattern?.case) {
    case "nullMatch":
      return { type: "null" };
    case "boolMatch":
      return { type: "boolean", value: pattern.value };
    case "presentMatch":
      return { type: "present", present: pattern.value };
    case "doubleMatch": {
      const number = pattern.value.matchPattern;
      if (number.case === "exact") return { type: "number", value: number.value };
      return { type: "range", start: number.value?.start ?? 0, end: number.value?.end ?? 0 };
    }
    case "stringMatch":
      return { type: "string", matcher: compileStringMatcher(pattern.value, place.field("string_match"), context) };
    case "listMatch": {
      const at = place.field("list_match").field("one_of");
      return { type: "list", element: compileValueMatcher(pattern.value.matchPattern.value, at, context) };
    }
    case "orMatch": {
      const at = place.field("or_match").field("value_matchers");
      const matchers = pattern.value.valueMatchers.map((one, i) => compileValueMatcher(one, at.index(i), context));
      return { type: "or", matchers };
    }
    default:
      return MISSING;
  }
}

/** Which fields of the messages compiled here are implemented; the messages stand in several places. */
export const metadataMatcherSupport: readonly MessageSupport[] = [
  supportAll(MetadataMatcherSchema),
  supportAll(MetadataMatcher_PathSegmentSchema),
  supportAll(ValueMatcherSchema),
  supportAll(ValueMatcher_NullMatchSchema),
  supportAll(DoubleMatcherSchema),
  supportAll(DoubleRangeSchema),
  supportAll(ListMatcherSchema),
  supportAll(OrMatcherSchema),
];
