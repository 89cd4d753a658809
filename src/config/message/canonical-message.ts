import type { DescField, DescMessage, DescOneof, JsonObject, JsonValue } from "@bufbuild/protobuf";
import { messageType } from "../../proto/type-registry.ts";
import { nearestName } from "../nearest-name.ts";
import type { Place } from "../place.ts";
import { holdsSecret } from "../secret-place.ts";
import { setKey } from "../source/source-document.ts";
import { canonicalEnum, canonicalScalar, describeValue, type ReportProblem } from "./canonical-scalar.ts";
import { canonicalWellKnown, isWellKnown } from "./canonical-well-known.ts";

const TYPED_STRUCTS = new Set(["xds.type.v3.TypedStruct", "udpa.type.v1.TypedStruct"]);

/**
 * Rewrites a value, as people write configuration, to the strict proto3 JSON that `fromJson` reads without complaint: field
 * names in snake_case or camelCase, one value where a list is expected, enums in any case, durations as `1.5s` or `{seconds: 1}`,
 * null as unset, `TypedStruct` as the message it stands for. All that is wrong is reported with its place and left out.
 * An Any of a type Troupe does not have becomes an empty `TypedStruct` with the same type URL.
 */
export function canonicalMessage(
  type: DescMessage,
  value: JsonValue,
  place: Place,
  report: ReportProblem,
): JsonValue | undefined {
  if (type.typeName === "google.protobuf.Any") return canonicalAny(value, place, report);
  if (isWellKnown(type)) return canonicalWellKnown(type, value, place, report);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    // A list of one is taken for the one, as a single value is taken for a list.
    report(place, `expected a map (${type.typeName}), found ${describeValue(value)}`);
    return undefined;
  }
  return canonicalFields(type, value, place, report);
}

function canonicalFields(type: DescMessage, value: JsonObject, place: Place, report: ReportProblem): JsonObject {
  const result: JsonObject = {};
  const fields = fieldsByName(type);
  const chosen = new Map<DescOneof, DescField>();
  const seen = new Set<DescField>();
  for (const key of Object.keys(value)) {
    const field = fields.get(key);
    if (field === undefined) {
      if (key !== "@type") reportUnknown(type, key, place, report);
      continue;
    }
    const child = value[key]!;
    if (child === null && !acceptsNull(field)) continue;
    const at = place.field(field.name);
    if (seen.has(field)) {
      report(at, `${field.name} is set twice, as ${field.name} and ${field.jsonName}`);
      continue;
    }
    seen.add(field);
    if (field.oneof !== undefined) {
      const other = chosen.get(field.oneof);
      if (other !== undefined) {
        report(at, `only one of ${other.name} and ${field.name} may be set`);
        continue;
      }
      chosen.set(field.oneof, field);
    }
    const canonical = canonicalField(field, child, at, report);
    if (canonical !== undefined) result[field.jsonName] = canonical;
  }
  return result;
}

function acceptsNull(field: DescField): boolean {
  return field.fieldKind === "message" && field.message.typeName === "google.protobuf.Value";
}

const fieldTables = new WeakMap<DescMessage, ReadonlyMap<string, DescField>>();

function fieldsByName(type: DescMessage): ReadonlyMap<string, DescField> {
  let table = fieldTables.get(type);
  if (table === undefined) {
    table = new Map(type.fields.flatMap((field) => [[field.name, field] as const, [field.jsonName, field] as const]));
    fieldTables.set(type, table);
  }
  return table;
}

function reportUnknown(type: DescMessage, key: string, place: Place, report: ReportProblem): void {
  const names = type.fields.map(({ name }) => name).filter((name) => !name.startsWith("hidden_envoy_deprecated"));
  const near = nearestName(key, names);
  let hint: string | undefined;
  if (near !== undefined) hint = `did you mean ${near}?`;
  else if (names.length === 0) hint = "it has no fields";
  else if (names.length <= 12) hint = `its fields are ${names.join(", ")}`;
  // Below a password the name may be the password itself, as in `password: {abc}`.
  report(holdsSecret(place) ? place : place.field(key), `${type.typeName} has no field ${JSON.stringify(key)}`, hint);
}

function canonicalField(
  field: DescField,
  value: JsonValue,
  place: Place,
  report: ReportProblem,
): JsonValue | undefined {
  switch (field.fieldKind) {
    case "scalar":
      return canonicalScalar(field.scalar, value, place, report);
    case "enum":
      return canonicalEnum(field.enum, value, place, report);
    case "message":
      return canonicalMessage(field.message, value, place, report);
    case "list":
      return canonicalList(field, value, place, report);
    case "map":
      return canonicalMap(field, value, place, report);
  }
}

function canonicalItem(
  field: DescField & { readonly fieldKind: "list" | "map" },
  value: JsonValue,
  place: Place,
  report: ReportProblem,
): JsonValue | undefined {
  if (field.scalar !== undefined) return canonicalScalar(field.scalar, value, place, report);
  if (field.enum !== undefined) return canonicalEnum(field.enum, value, place, report);
  return canonicalMessage(field.message!, value, place, report);
}

function canonicalList(
  field: DescField & { readonly fieldKind: "list" },
  value: JsonValue,
  place: Place,
  report: ReportProblem,
): JsonValue {
  const result: JsonValue[] = [];
  for (const [index, item] of (Array.isArray(value) ? value : [value]).entries()) {
    const at = place.index(index);
    if (item === null) {
      report(at, "an item of a list must not be empty");
      continue;
    }
    const canonical = canonicalItem(field, item, at, report);
    if (canonical !== undefined) result.push(canonical);
  }
  return result;
}

function canonicalMap(
  field: DescField & { readonly fieldKind: "map" },
  value: JsonValue,
  place: Place,
  report: ReportProblem,
): JsonValue | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    report(place, `expected a map, found ${describeValue(value)}`);
    return undefined;
  }
  const result: JsonObject = {};
  for (const key of Object.keys(value)) {
    const item = value[key]!;
    const at = place.field(key);
    if (item === null) continue;
    const canonical = canonicalItem(field, item, at, report);
    if (canonical !== undefined) setKey(result, key, canonical);
  }
  return result;
}

function canonicalAny(value: JsonValue, place: Place, report: ReportProblem): JsonValue | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    report(place, `expected a map with "@type", found ${describeValue(value)}`);
    return undefined;
  }
  const url = Object.hasOwn(value, "@type") ? value["@type"] : undefined;
  if (url === undefined || url === null) {
    // Envoy takes an empty typed_config for none.
    if (Object.keys(value).length > 0)
      report(place, '"@type" is missing', 'such as "@type": type.googleapis.com/envoy.…');
    return undefined;
  }
  if (typeof url !== "string" || !/^[^/]*\/.*[^/]$/.test(url)) {
    const hint = typeof url === "string" && !url.includes("/") ? `type.googleapis.com/${url}` : undefined;
    report(place.field("@type"), `${describeValue(url)} is no type URL`, hint);
    return undefined;
  }
  return canonicalTyped(url, value, place, report);
}

function canonicalTyped(url: string, value: JsonObject, place: Place, report: ReportProblem): JsonValue | undefined {
  const typeName = url.slice(url.lastIndexOf("/") + 1);
  const type = messageType(typeName);
  if (type === undefined) return { "@type": "type.googleapis.com/xds.type.v3.TypedStruct", typeUrl: url };
  if (TYPED_STRUCTS.has(typeName)) return canonicalTypedStruct(value, place, report);
  if (typeName === "google.protobuf.Empty") return { "@type": url };
  if (isWellKnown(type) || typeName === "google.protobuf.Any") {
    const inner = canonicalMessage(type, value.value ?? null, place.field("value"), report);
    return inner === undefined ? undefined : { "@type": url, value: inner };
  }
  return { "@type": url, ...canonicalFields(type, value, place, report) };
}

/** `{type_url, value: {…}}` stands for the message of that type with these fields. */
function canonicalTypedStruct(value: JsonObject, place: Place, report: ReportProblem): JsonValue | undefined {
  const url = value.type_url ?? value.typeUrl;
  const inner = value.value ?? {};
  if (typeof url !== "string" || !url.includes("/")) {
    report(place.field("type_url"), "a TypedStruct needs a type_url");
    return undefined;
  }
  const at = place.field("value");
  if (typeof inner !== "object" || Array.isArray(inner)) {
    report(at, `expected a map, found ${describeValue(inner)}`);
    return undefined;
  }
  return canonicalTyped(url, inner, at, report);
}
