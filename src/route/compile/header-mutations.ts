import type { CompileContext } from "../../config/compile-context.ts";
import { type MessageSupport, supportAll } from "../../config/field-support.ts";
import type { Place } from "../../config/place.ts";
import { compileFormatText } from "../../http/format/config.ts";
import {
  HeaderValueOption_HeaderAppendAction as AppendAction,
  type HeaderValue,
  type HeaderValueOption,
  HeaderValueOptionSchema,
  HeaderValueSchema,
} from "../../proto/gen/envoy/config/core/v3/base_pb.js";
import type { HeaderAdditionData, HeaderAppendAction, HeaderMutationsData } from "../header-mutations.ts";
import { compileMutableHeaderName } from "./header-name.ts";

const ACTIONS: Record<AppendAction, HeaderAppendAction> = {
  [AppendAction.APPEND_IF_EXISTS_OR_ADD]: "appendOrAdd",
  [AppendAction.ADD_IF_ABSENT]: "addIfAbsent",
  [AppendAction.OVERWRITE_IF_EXISTS_OR_ADD]: "overwriteOrAdd",
  [AppendAction.OVERWRITE_IF_EXISTS]: "overwriteIfExists",
};

/**
 * The fields `<direction>_headers_to_add` and `<direction>_headers_to_remove` of the message at `place`. Null if both
 * are empty.
 */
export function compileHeaderMutations(
  direction: "request" | "response",
  add: readonly HeaderValueOption[],
  remove: readonly string[],
  place: Place,
  context: CompileContext,
): HeaderMutationsData | null {
  if (add.length === 0 && remove.length === 0) return null;
  const addPlace = place.field(`${direction}_headers_to_add`);
  const removePlace = place.field(`${direction}_headers_to_remove`);
  return {
    remove: remove.map((name, i) => compileMutableHeaderName(name, removePlace.index(i), context)),
    add: add.map((option, i) => compileHeaderAddition(option, addPlace.index(i), context)),
  };
}

/** Headers that say where a message ends: setting them by configuration could only make them lie. */
const FRAMING = new Set(["content-length", "transfer-encoding"]);

/** One `HeaderValueOption`. Differs from Envoy: `content-length` and `transfer-encoding` are refused. */
export function compileHeaderAddition(
  option: HeaderValueOption,
  place: Place,
  context: CompileContext,
): HeaderAdditionData {
  if (option.append !== undefined && option.appendAction !== AppendAction.APPEND_IF_EXISTS_OR_ADD) {
    context.error(place.field("append"), "append and append_action exclude each other", "use append_action alone");
  }
  const action = option.append === false ? "overwriteOrAdd" : ACTIONS[option.appendAction];
  return {
    ...compileHeaderValue(option.header, action, place.field("header"), context),
    keepEmptyValue: option.keepEmptyValue,
  };
}

/** One `HeaderValue` to set as `action` says, unless it turns out empty; refused as by `compileHeaderAddition`. */
export function compileHeaderValue(
  header: HeaderValue | undefined,
  action: HeaderAppendAction,
  place: Place,
  context: CompileContext,
): HeaderAdditionData {
  const name = compileMutableHeaderName(header?.key ?? "", place.field("key"), context);
  if (FRAMING.has(name)) context.error(place.field("key"), `"${name}" is set by Troupe alone`);
  const text = header === undefined ? "" : headerText(header, place, context);
  const at = place.field(header !== undefined && header.rawValue.length > 0 ? "raw_value" : "value");
  return { name, value: compileFormatText(text, at, context), action, keepEmptyValue: false };
}

function headerText(header: HeaderValue, place: Place, context: CompileContext): string {
  if (header.rawValue.length === 0) return header.value;
  if (header.value !== "") context.error(place.field("raw_value"), "value and raw_value exclude each other");
  return Buffer.from(header.rawValue).toString("utf8");
}

/** Which fields of the messages compiled here are implemented. */
export const headerValueSupport: readonly MessageSupport[] = [
  supportAll(HeaderValueOptionSchema),
  supportAll(HeaderValueSchema),
];
