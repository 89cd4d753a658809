import type { CompileContext } from "../../config/compile-context.ts";
import { type MessageSupport, only, supportAll } from "../../config/field-support.ts";
import type { Place } from "../../config/place.ts";
import { compileFormatString } from "../../http/format/config.ts";
import {
  type FilterStateValue,
  FilterStateValueSchema,
} from "../../proto/gen/envoy/extensions/filters/common/set_filter_state/v3/value_pb.js";
import type { FilterStateEntryData } from "./filter-state-entries.ts";

/** Envoy's factories of values that are only texts. */
const TEXT_FACTORIES: ReadonlySet<string> = new Set(["envoy.string", "envoy.hashable_string"]);

/** Which fields of `FilterStateValue` are implemented. */
export const filterStateSupport: readonly MessageSupport[] = [
  supportAll(FilterStateValueSchema, {
    shared_with_upstream: only(["NONE"], "it is for internal connections, which Troupe lacks"),
  }),
];

/** Compiles a list of values. `keys` are those that mean something where they are set; all other keys need a `factory_key` for texts. */
export function compileFilterStateValues(
  values: readonly FilterStateValue[],
  keys: ReadonlySet<string>,
  place: Place,
  context: CompileContext,
): FilterStateEntryData[] {
  return values.map((value, index) => compileValue(value, keys, place.index(index), context));
}

function compileValue(
  message: FilterStateValue,
  keys: ReadonlySet<string>,
  place: Place,
  context: CompileContext,
): FilterStateEntryData {
  const key = message.key.value ?? "";
  const factory = message.factoryKey === "" ? key : message.factoryKey;
  if (!TEXT_FACTORIES.has(factory) && !keys.has(factory)) {
    const hint = 'set factory_key to "envoy.string" for a text of your own';
    context.unsupported(place, `filter state "${factory}" has no meaning in Troupe`, hint);
  }
  const format = message.value.value;
  return {
    key,
    format: format === undefined ? null : compileFormatString(format, place.field("format_string"), context),
    readOnly: message.readOnly,
    skipIfEmpty: message.skipIfEmpty,
  };
}
