import type { DescMessage } from "@bufbuild/protobuf";
import { InvariantError } from "../base/fatal.ts";

/** What Troupe does with one field of a message. Made by `yes`, `only`, `noEffect`, `notYet`, `within` and `opaque`. */
export type FieldSupport =
  | { readonly type: "yes" }
  | { readonly type: "only"; readonly values: readonly (string | number | boolean)[]; readonly hint?: string }
  | { readonly type: "noEffect"; readonly reason: string }
  | { readonly type: "notYet"; readonly reason?: string; readonly hint?: string }
  | { readonly type: "within"; readonly tables: readonly MessageSupport[] }
  | { readonly type: "opaque"; readonly note: string };

/**
 * Which fields of a message type Troupe implements. A field that is set but not listed here is refused as not
 * supported yet. The page docs/config-support.md is made from these tables.
 */
export interface MessageSupport {
  readonly schema: DescMessage;
  /** By proto name (`connect_timeout`); the members of a oneof are fields of the message like all others. */
  readonly fields: ReadonlyMap<string, FieldSupport>;
}

/** Implemented. If the field holds a message, the message's own table says which of its fields are. */
export const yes: FieldSupport = { type: "yes" };

/** Implemented for these values: names of an enum's values, or plain values. */
export function only(values: readonly (string | number | boolean)[], hint?: string): FieldSupport {
  return hint === undefined ? { type: "only", values } : { type: "only", values, hint };
}

/** Accepted, though setting it changes nothing in Troupe; `reason` says why that is right. */
export function noEffect(reason: string): FieldSupport {
  return { type: "noEffect", reason };
}

/** Refused. Needed only to say more than "not supported yet": why, and what to do instead. */
export function notYet(reason?: string, hint?: string): FieldSupport {
  return {
    type: "notYet",
    ...(reason !== undefined && { reason }),
    ...(hint !== undefined && { hint }),
  };
}

/** Implemented, and below this field `tables` hold in place of the tables that hold elsewhere for the same messages. */
export function within(...tables: readonly MessageSupport[]): FieldSupport {
  return { type: "within", tables };
}

/**
 * Implemented, and what is below is for the compile function to check, by `firstExtension`: alternatives of which Troupe need not
 * have all. `note` says on the page of supported configuration what counts.
 */
export function opaque(note: string): FieldSupport {
  return { type: "opaque", note };
}

/** The table of one message type. Throws `InvariantError` if the type has no such field. */
export function support(schema: DescMessage, fields: Readonly<Record<string, FieldSupport>>): MessageSupport {
  const table = new Map(Object.entries(fields));
  for (const name of table.keys()) {
    if (!schema.fields.some((field) => field.name === name)) {
      throw new InvariantError(`${schema.typeName} has no field ${name}`);
    }
  }
  return { schema, fields: table };
}

/** The table of a message type of which Troupe implements every field, except where `exceptions` says otherwise. */
export function supportAll(
  schema: DescMessage,
  exceptions: Readonly<Record<string, FieldSupport>> = {},
): MessageSupport {
  const fields: Record<string, FieldSupport> = {};
  for (const field of schema.fields) fields[field.name] = yes;
  return support(schema, { ...fields, ...exceptions });
}
