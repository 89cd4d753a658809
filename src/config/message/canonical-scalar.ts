import { type DescEnum, type JsonValue, ScalarType } from "@bufbuild/protobuf";
import { nearestName } from "../nearest-name.ts";
import type { Place } from "../place.ts";

/** Takes what is wrong with the value at a place. */
export type ReportProblem = (place: Place, message: string, hint?: string) => void;

const INTEGER_RANGES = new Map<ScalarType, readonly [min: bigint, max: bigint]>([
  [ScalarType.INT32, [-(1n << 31n), (1n << 31n) - 1n]],
  [ScalarType.SINT32, [-(1n << 31n), (1n << 31n) - 1n]],
  [ScalarType.SFIXED32, [-(1n << 31n), (1n << 31n) - 1n]],
  [ScalarType.UINT32, [0n, (1n << 32n) - 1n]],
  [ScalarType.FIXED32, [0n, (1n << 32n) - 1n]],
  [ScalarType.INT64, [-(1n << 63n), (1n << 63n) - 1n]],
  [ScalarType.SINT64, [-(1n << 63n), (1n << 63n) - 1n]],
  [ScalarType.SFIXED64, [-(1n << 63n), (1n << 63n) - 1n]],
  [ScalarType.UINT64, [0n, (1n << 64n) - 1n]],
  [ScalarType.FIXED64, [0n, (1n << 64n) - 1n]],
]);

/** What stands there, for an error message: short, and never a whole subtree. */
export function describeValue(value: JsonValue): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a map";
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

/**
 * The value as `fromJson` wants it for a scalar field, or undefined after reporting why it can't be one. More lenient than
 * proto3 JSON where Envoy's YAML is: numbers may be text.
 */
export function canonicalScalar(
  type: ScalarType,
  value: JsonValue,
  place: Place,
  report: ReportProblem,
): JsonValue | undefined {
  switch (type) {
    case ScalarType.BOOL:
      return canonicalBool(value, place, report);
    case ScalarType.STRING:
      return canonicalString(value, place, report);
    case ScalarType.BYTES:
      return canonicalBytes(value, place, report);
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return canonicalFraction(value, place, report);
    default:
      return canonicalInteger(type, value, place, report);
  }
}

function canonicalBool(value: JsonValue, place: Place, report: ReportProblem): JsonValue | undefined {
  if (typeof value === "boolean") return value;
  const quoted = value === "true" || value === "false";
  report(place, `expected true or false, found ${describeValue(value)}`, quoted ? "remove the quotes" : undefined);
  return undefined;
}

function canonicalString(value: JsonValue, place: Place, report: ReportProblem): JsonValue | undefined {
  if (typeof value === "string") return value;
  const plain = typeof value === "number" || typeof value === "boolean";
  report(place, `expected a string, found ${describeValue(value)}`, plain ? `put it in quotes: "${value}"` : undefined);
  return undefined;
}

function canonicalBytes(value: JsonValue, place: Place, report: ReportProblem): JsonValue | undefined {
  if (typeof value === "string" && /^[A-Za-z0-9+/_-]*={0,2}$/.test(value)) {
    return Buffer.from(value, "base64").toString("base64");
  }
  report(place, `expected bytes in base64, found ${describeValue(value)}`);
  return undefined;
}

function canonicalFraction(value: JsonValue, place: Place, report: ReportProblem): JsonValue | undefined {
  if (typeof value === "number") return value;
  if (value === "NaN" || value === "Infinity" || value === "-Infinity") return value;
  if (typeof value === "string" && /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(value)) return Number(value);
  report(place, `expected a number, found ${describeValue(value)}`);
  return undefined;
}

function canonicalInteger(
  type: ScalarType,
  value: JsonValue,
  place: Place,
  report: ReportProblem,
): JsonValue | undefined {
  const [min, max] = INTEGER_RANGES.get(type)!;
  if (typeof value === "number" && Math.abs(value) > Number.MAX_SAFE_INTEGER && Number.isInteger(value)) {
    report(place, "integers beyond 2^53 lose digits in JSON", "write it as a string");
    return undefined;
  }
  const integer = integerOf(value);
  if (integer === undefined) {
    report(place, `expected an integer, found ${describeValue(value)}`);
    return undefined;
  }
  if (integer < min || integer > max) {
    report(place, `${integer} is out of range`, `between ${min} and ${max}`);
    return undefined;
  }
  return max > 0xffff_ffffn ? integer.toString() : Number(integer);
}

function integerOf(value: JsonValue): bigint | undefined {
  if (typeof value === "number") return Number.isInteger(value) ? BigInt(value) : undefined;
  if (typeof value !== "string" || value.length > 40) return undefined;
  if (/^[+-]?\d+(\.0+)?$/.test(value)) return BigInt(value.replace(/^\+|\.0+$/g, ""));
  if (/^0x[0-9a-fA-F]+$/.test(value)) return BigInt(value);
  return undefined;
}

const enumNames = new WeakMap<DescEnum, ReadonlyMap<string, string>>();

/**
 * Values that Troupe takes for others, by enum.
 * Differs from Envoy: `lb_policy: CONSISTENT_HASH`, which many write and Envoy does not know, means `RING_HASH`.
 */
const ENUM_ALIASES: ReadonlyMap<string, ReadonlyMap<string, string>> = new Map([
  ["envoy.config.cluster.v3.Cluster.LbPolicy", new Map([["CONSISTENT_HASH", "RING_HASH"]])],
]);

/** The name of an enum's value, written in any case or as its number; undefined after reporting what would be right. */
export function canonicalEnum(
  type: DescEnum,
  value: JsonValue,
  place: Place,
  report: ReportProblem,
): JsonValue | undefined {
  if (typeof value === "number" && type.value[value] !== undefined) return type.value[value].name;
  let names = enumNames.get(type);
  if (names === undefined) {
    names = new Map(type.values.map(({ name }) => [name.toUpperCase(), name]));
    enumNames.set(type, names);
  }
  if (typeof value === "string") {
    const upper = value.toUpperCase();
    const name = names.get(upper) ?? ENUM_ALIASES.get(type.typeName)?.get(upper);
    if (name !== undefined) return name;
  }
  const listed = type.values.map(({ name }) => name).filter((name) => !name.startsWith("hidden_envoy_deprecated"));
  const near = typeof value === "string" ? nearestName(value.toUpperCase(), names.keys()) : undefined;
  const hint =
    near === undefined ? `one of ${listed.join(", ")}` : `did you mean ${names.get(near)}? One of ${listed.join(", ")}`;
  report(place, `${describeValue(value)} is no value of ${type.typeName}`, hint);
  return undefined;
}
