import { type DescField, type DescMessage, isFieldSet, type Message } from "@bufbuild/protobuf";
import type { Any } from "@bufbuild/protobuf/wkt";
import type { FieldSupport, MessageSupport } from "./field-support.ts";
import { isWellKnown } from "./message/canonical-well-known.ts";
import { childMessages, type MessageFields, rawFieldValue } from "./message/message-rules.ts";
import type { Place } from "./place.ts";

/** Tables by the full name of their message type. */
export type SupportTables = ReadonlyMap<string, MessageSupport>;

/** What the walk calls. */
export interface SupportVisitor {
  /** A setting that Troupe does not implement. `optional`: the configuration itself says that it may be left out. */
  unsupported(place: Place, message: string, hint: string | undefined, optional: boolean): void;
  /** An Any in a supported field; the walk does not go into it. */
  any(any: Any, place: Place, tables: SupportTables, optional: boolean): void;
}

/** Tables where those of `local` come before those of `general`. */
export function supportTables(local: readonly MessageSupport[], general?: SupportTables): SupportTables {
  const tables = new Map(general);
  for (const table of local) tables.set(table.schema.typeName, table);
  return tables;
}

/** Visits all that is set in a message and below it and reports what the tables do not list. */
export function walkSupport(
  type: DescMessage,
  message: Message,
  place: Place,
  tables: SupportTables,
  visitor: SupportVisitor,
): void {
  const table = tables.get(type.typeName);
  const optional = (message as MessageFields).isOptional === true;
  for (const field of type.fields) {
    if (!isFieldSet(message, field)) continue;
    const at = place.field(field.name);
    const support = table?.fields.get(field.name);
    if (support === undefined || support.type === "notYet") {
      refuse(field, at, support, visitor, optional);
    } else if (support.type === "only") {
      checkOnly(field, rawFieldValue(message as MessageFields, field), support, at, visitor);
    } else if (support.type !== "noEffect" && support.type !== "opaque") {
      const below = support.type === "within" ? supportTables(support.tables, tables) : tables;
      walkChildren(field, message as MessageFields, at, below, visitor, optional);
    }
  }
}

function refuse(
  field: DescField,
  place: Place,
  support: (FieldSupport & { readonly type: "notYet" }) | undefined,
  visitor: SupportVisitor,
  optional: boolean,
): void {
  const reason = support?.reason === undefined ? "" : `: ${support.reason}`;
  visitor.unsupported(place, `${field.name} is not supported yet${reason}`, support?.hint, optional);
}

function checkOnly(
  field: DescField,
  value: unknown,
  support: FieldSupport & { readonly type: "only" },
  place: Place,
  visitor: SupportVisitor,
): void {
  for (const each of field.fieldKind === "list" ? (value as unknown[]) : [value]) {
    const shown = field.enum?.value[Number(each)]?.name ?? each;
    const plain = typeof shown === "bigint" ? Number(shown) : (shown as string | number | boolean);
    if (support.values.includes(plain)) continue;
    const hint = support.hint ?? `supported: ${support.values.join(", ")}`;
    visitor.unsupported(place, `${field.name} ${String(plain)} is not supported yet`, hint, false);
  }
}

function walkChildren(
  field: DescField,
  message: MessageFields,
  place: Place,
  tables: SupportTables,
  visitor: SupportVisitor,
  optional: boolean,
): void {
  const type = field.message;
  if (type === undefined || isWellKnown(type)) return;
  for (const [step, child] of childMessages(field, rawFieldValue(message, field))) {
    const at = step === undefined ? place : typeof step === "number" ? place.index(step) : place.field(step);
    if (type.typeName === "google.protobuf.Any") visitor.any(child as Any, at, tables, optional);
    else if (tables.has(type.typeName)) walkSupport(type, child, at, tables, visitor);
    else if (type.fields.some((each) => isFieldSet(child, each))) refuse(field, at, undefined, visitor, optional);
  }
}
