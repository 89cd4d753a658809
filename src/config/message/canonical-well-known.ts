import { type DescMessage, type JsonObject, type JsonValue, ScalarType } from "@bufbuild/protobuf";
import type { Place } from "../place.ts";
import { setKey } from "../source/source-document.ts";
import { canonicalScalar, describeValue, type ReportProblem } from "./canonical-scalar.ts";

const WRAPPERS = new Map<string, ScalarType>([
  ["google.protobuf.BoolValue", ScalarType.BOOL],
  ["google.protobuf.BytesValue", ScalarType.BYTES],
  ["google.protobuf.DoubleValue", ScalarType.DOUBLE],
  ["google.protobuf.FloatValue", ScalarType.FLOAT],
  ["google.protobuf.Int32Value", ScalarType.INT32],
  ["google.protobuf.Int64Value", ScalarType.INT64],
  ["google.protobuf.StringValue", ScalarType.STRING],
  ["google.protobuf.UInt32Value", ScalarType.UINT32],
  ["google.protobuf.UInt64Value", ScalarType.UINT64],
]);

const OTHERS = new Set([
  "google.protobuf.Duration",
  "google.protobuf.Empty",
  "google.protobuf.FieldMask",
  "google.protobuf.ListValue",
  "google.protobuf.Struct",
  "google.protobuf.Timestamp",
  "google.protobuf.Value",
]);

/** The longest duration that proto3 JSON knows: about 10,000 years. */
const MAX_DURATION_SECONDS = 315_576_000_000;

/** True for the types that proto3 JSON writes in a way of their own; an Any is not among them. */
export function isWellKnown(type: DescMessage): boolean {
  return OTHERS.has(type.typeName) || WRAPPERS.has(type.typeName);
}

/** The strict proto3 JSON of a well-known type, or undefined after reporting why the value can't be one. */
export function canonicalWellKnown(
  type: DescMessage,
  value: JsonValue,
  place: Place,
  report: ReportProblem,
): JsonValue | undefined {
  const scalar = WRAPPERS.get(type.typeName);
  if (scalar !== undefined) return canonicalWrapper(scalar, value, place, report);
  switch (type.typeName) {
    case "google.protobuf.Duration":
      return canonicalDuration(value, place, report);
    case "google.protobuf.Timestamp":
      return canonicalTimestamp(value, place, report);
    case "google.protobuf.Empty":
    case "google.protobuf.Struct":
      if (isObject(value)) return type.typeName === "google.protobuf.Empty" ? {} : copied(value);
      report(place, `expected a map, found ${describeValue(value)}`);
      return undefined;
    case "google.protobuf.ListValue":
      return copied(Array.isArray(value) ? value : [value]);
    case "google.protobuf.FieldMask":
      return canonicalScalar(ScalarType.STRING, value, place, report);
    default:
      return copied(value);
  }
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A copy, so that parts shared by aliases do not stay shared. */
function copied(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(copied);
  if (!isObject(value)) return value;
  const result: JsonObject = {};
  for (const key of Object.keys(value)) setKey(result, key, copied(value[key]!));
  return result;
}

function canonicalWrapper(
  scalar: ScalarType,
  value: JsonValue,
  place: Place,
  report: ReportProblem,
): JsonValue | undefined {
  if (!isObject(value)) return canonicalScalar(scalar, value, place, report);
  const { value: inner, ...rest } = value;
  const extra = Object.keys(rest)[0];
  if (extra !== undefined) {
    report(place, `expected a single value, found a map with ${JSON.stringify(extra)}`);
    return undefined;
  }
  // Proto3 leaves a field with the default value out, so that `{}` is a wrapped zero.
  const zero =
    scalar === ScalarType.BOOL ? false : scalar === ScalarType.STRING || scalar === ScalarType.BYTES ? "" : 0;
  return canonicalScalar(scalar, inner ?? zero, place.field("value"), report);
}

function canonicalDuration(value: JsonValue, place: Place, report: ReportProblem): JsonValue | undefined {
  const wrong = (hint: string): undefined => {
    report(place, `expected a duration, found ${describeValue(value)}`, hint);
    return undefined;
  };
  let text: string;
  if (typeof value === "string") text = value;
  else if (typeof value === "number") return wrong(`with its unit: ${value}s`);
  else if (isObject(value)) {
    const parts = durationOfParts(value, place, report);
    if (parts === undefined) return undefined;
    text = parts;
  } else return wrong("such as 1.5s");
  const match = /^([+-]?)(\d+)(?:\.(\d{1,9}))?s$/.exec(text);
  if (match === null) {
    const other = /^(\d+(?:\.\d+)?)\s*(ms|m|h|d|us)$/.exec(text);
    const inSeconds = { ms: 0.001, us: 0.000001, m: 60, h: 3600, d: 86400 };
    const seconds = other === null ? undefined : Number(other[1]) * inSeconds[other[2] as keyof typeof inSeconds];
    return wrong(seconds === undefined ? "seconds with the unit s, such as 1.5s" : `in seconds: ${seconds}s`);
  }
  if (Number(match[2]) > MAX_DURATION_SECONDS) return wrong(`at most ${MAX_DURATION_SECONDS}s`);
  return text.replace("+", "");
}

/** The text of `{seconds, nanos}`. */
function durationOfParts(value: JsonObject, place: Place, report: ReportProblem): string | undefined {
  const part = (name: string, type: ScalarType): bigint | undefined => {
    const canonical = canonicalScalar(type, value[name] ?? 0, place.field(name), report);
    return canonical === undefined ? undefined : BigInt(canonical as string | number);
  };
  const extra = Object.keys(value).find((key) => key !== "seconds" && key !== "nanos");
  if (extra !== undefined) {
    report(place.field(extra), `google.protobuf.Duration has no field ${JSON.stringify(extra)}`, "seconds and nanos");
    return undefined;
  }
  const seconds = part("seconds", ScalarType.INT64);
  const nanos = part("nanos", ScalarType.INT32);
  if (seconds === undefined || nanos === undefined) return undefined;
  const total = seconds * 1_000_000_000n + nanos;
  const size = total < 0n ? -total : total;
  const fraction = (size % 1_000_000_000n).toString().padStart(9, "0");
  return `${total < 0n ? "-" : ""}${size / 1_000_000_000n}.${fraction}s`;
}

function canonicalTimestamp(value: JsonValue, place: Place, report: ReportProblem): JsonValue | undefined {
  const valid =
    typeof value === "string" &&
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/.test(value) &&
    !Number.isNaN(Date.parse(value));
  if (valid) return value;
  report(place, `expected a time, found ${describeValue(value)}`, "such as 2026-01-31T12:00:00Z");
  return undefined;
}
