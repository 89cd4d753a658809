import type { DescField, Message } from "@bufbuild/protobuf";
import type { Duration } from "@bufbuild/protobuf/wkt";
import { type FieldRules, KnownRegex, type StringRules } from "../../proto/gen/validate/validate_pb.js";
import { describeValue } from "./canonical-scalar.ts";

/** Says what is wrong with a value, or undefined if nothing is. */
export type ValueCheck = (value: unknown) => string | undefined;

/** A rule as read from the protos: only the rules that are set are own properties of the message. */
type RuleMessage = Message & Readonly<Record<string, unknown>>;

function ruleSet(rules: RuleMessage, name: string): boolean {
  if (!Object.hasOwn(rules, name)) return false;
  const value = rules[name];
  return value !== undefined && !(Array.isArray(value) && value.length === 0);
}

function shown(value: unknown): string {
  return typeof value === "string" || typeof value === "boolean" ? describeValue(value) : String(value);
}

/**
 * The checks that `validate.rules` ask of one value: a scalar, an enum, a duration, an Any, or one item of a list or map. Lists and maps
 * themselves, and whether a value must be present, are for the caller. `fields` maps an enum's numbers to names.
 */
export function valueChecks(rules: FieldRules, field: DescField): readonly ValueCheck[] {
  const { type } = rules;
  switch (type.case) {
    case undefined:
    case "repeated":
    case "map":
    case "timestamp":
      return [];
    case "string":
      return ignoringEmpty(type.value.ignoreEmpty, stringChecks(type.value));
    case "bytes":
      return bytesChecks(type.value as RuleMessage);
    case "bool":
      return equalityChecks(type.value as RuleMessage, shown);
    case "enum": {
      const names = field.enum?.value ?? {};
      return equalityChecks(type.value as RuleMessage, (value) => names[Number(value)]?.name ?? String(value));
    }
    case "duration":
      return durationChecks(type.value as RuleMessage);
    case "any":
      return [];
    default:
      return numberChecks(type.value as RuleMessage);
  }
}

function ignoringEmpty(ignore: boolean, checks: readonly ValueCheck[]): readonly ValueCheck[] {
  return ignore
    ? checks.map(
        (check): ValueCheck =>
          (value) =>
            value === "" ? undefined : check(value),
      )
    : checks;
}

function equalityChecks(rules: RuleMessage, name: (value: unknown) => string): ValueCheck[] {
  const checks: ValueCheck[] = [];
  if (ruleSet(rules, "const")) {
    const wanted = rules.const;
    checks.push((value) => (value === wanted ? undefined : `must be ${name(wanted)}, found ${name(value)}`));
  }
  if (ruleSet(rules, "in")) {
    const allowed = rules.in as unknown[];
    const list = allowed.map(name).join(", ");
    checks.push((value) => (allowed.includes(value) ? undefined : `must be one of ${list}, found ${name(value)}`));
  }
  if (ruleSet(rules, "notIn")) {
    const refused = rules.notIn as unknown[];
    checks.push((value) => (refused.includes(value) ? `must not be ${name(value)}` : undefined));
  }
  return checks;
}

function numberChecks(rules: RuleMessage): ValueCheck[] {
  const checks = equalityChecks(rules, shown);
  const bound = (
    rule: string,
    words: string,
    holds: (value: number | bigint, limit: number | bigint) => boolean,
  ): void => {
    if (!ruleSet(rules, rule)) return;
    const limit = rules[rule] as number | bigint;
    checks.push((value) =>
      holds(value as number | bigint, limit) ? undefined : `must be ${words} ${limit}, found ${shown(value)}`,
    );
  };
  bound("gt", "more than", (value, limit) => value > limit);
  bound("gte", "at least", (value, limit) => value >= limit);
  bound("lt", "less than", (value, limit) => value < limit);
  bound("lte", "at most", (value, limit) => value <= limit);
  return checks;
}

function durationNanos(duration: Duration): bigint {
  return duration.seconds * 1_000_000_000n + BigInt(duration.nanos);
}

function durationText(nanos: bigint): string {
  return `${Number(nanos) / 1e9}s`;
}

function durationChecks(rules: RuleMessage): ValueCheck[] {
  const checks: ValueCheck[] = [];
  const bound = (rule: string, words: string, holds: (value: bigint, limit: bigint) => boolean): void => {
    if (!ruleSet(rules, rule)) return;
    const limit = durationNanos(rules[rule] as Duration);
    checks.push((value) => {
      const nanos = durationNanos(value as Duration);
      return holds(nanos, limit) ? undefined : `must be ${words} ${durationText(limit)}, found ${durationText(nanos)}`;
    });
  };
  bound("const", "exactly", (value, limit) => value === limit);
  bound("gt", "more than", (value, limit) => value > limit);
  bound("gte", "at least", (value, limit) => value >= limit);
  bound("lt", "less than", (value, limit) => value < limit);
  bound("lte", "at most", (value, limit) => value <= limit);
  return checks;
}

function lengthChecks(
  rules: RuleMessage,
  names: { readonly exact: string; readonly min: string; readonly max: string },
  unit: string,
  length: (value: unknown) => number,
): ValueCheck[] {
  const checks: ValueCheck[] = [];
  const bound = (rule: string, words: string, holds: (size: number, limit: number) => boolean): void => {
    if (!ruleSet(rules, rule)) return;
    const limit = Number(rules[rule]);
    checks.push((value) => {
      const size = length(value);
      if (holds(size, limit)) return undefined;
      return size === 0 ? "must not be empty" : `must have ${words} ${limit} ${unit}, has ${size}`;
    });
  };
  bound(names.exact, "exactly", (size, limit) => size === limit);
  bound(names.min, "at least", (size, limit) => size >= limit);
  bound(names.max, "at most", (size, limit) => size <= limit);
  return checks;
}

function bytesChecks(rules: RuleMessage): ValueCheck[] {
  const names = { exact: "len", min: "minLen", max: "maxLen" };
  return lengthChecks(rules, names, "bytes", (value) => (value as Uint8Array).length);
}

function stringChecks(rules: StringRules): ValueCheck[] {
  const message = rules as RuleMessage & StringRules;
  const characters = { exact: "len", min: "minLen", max: "maxLen" };
  const bytes = { exact: "lenBytes", min: "minBytes", max: "maxBytes" };
  const checks = [
    ...equalityChecks(message, shown),
    ...lengthChecks(message, characters, "characters", (value) => [...(value as string)].length),
    ...lengthChecks(message, bytes, "bytes", (value) => Buffer.byteLength(value as string)),
  ];
  if (ruleSet(message, "pattern")) {
    const pattern = new RegExp(rules.pattern, "u");
    checks.push((value) =>
      pattern.test(value as string) ? undefined : `must match ${rules.pattern}, found ${shown(value)}`,
    );
  }
  const part = (
    rule: "prefix" | "suffix" | "contains" | "notContains",
    words: string,
    holds: (text: string) => boolean,
  ): void => {
    if (!ruleSet(message, rule)) return;
    checks.push((value) =>
      holds(value as string) ? undefined : `must ${words} ${shown(rules[rule])}, found ${shown(value)}`,
    );
  };
  part("prefix", "start with", (text) => text.startsWith(rules.prefix));
  part("suffix", "end with", (text) => text.endsWith(rules.suffix));
  part("contains", "contain", (text) => text.includes(rules.contains));
  part("notContains", "not contain", (text) => !text.includes(rules.notContains));
  checks.push(...wellKnownChecks(rules));
  return checks;
}

const HEADER_NAME = /^:?[0-9a-zA-Z!#$%&'*+\-.^_|~`]+$/;
const HEADER_VALUE = /^[^\u0000-\u0008\u000a-\u001f\u007f]*$/;
const NO_LINE_BREAK = /^[^\u0000\u000a\u000d]*$/;

function wellKnownChecks(rules: StringRules): ValueCheck[] {
  const { wellKnown } = rules;
  if (wellKnown.case === "wellKnownRegex") {
    const isName = wellKnown.value === KnownRegex.HTTP_HEADER_NAME;
    const what = isName ? "a header name" : "a header value";
    const pattern = rules.strict ? (isName ? HEADER_NAME : HEADER_VALUE) : NO_LINE_BREAK;
    return [
      (value) => {
        if (isName && rules.strict && value === "") return "must not be empty";
        return pattern.test(value as string) ? undefined : `must be ${what}, found ${shown(value)}`;
      },
    ];
  }
  if (wellKnown.case === "uri") {
    return [(value) => (URL.canParse(value as string) ? undefined : `must be an absolute URI, found ${shown(value)}`)];
  }
  return [];
}
