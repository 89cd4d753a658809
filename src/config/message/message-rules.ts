import { type DescField, type DescMessage, getOption, hasOption, type Message } from "@bufbuild/protobuf";
import { disabled, type FieldRules, required, rules as rulesOption } from "../../proto/gen/validate/validate_pb.js";
import type { Place } from "../place.ts";
import type { ReportProblem } from "./canonical-scalar.ts";
import { isWellKnown } from "./canonical-well-known.ts";
import { type ValueCheck, valueChecks } from "./value-rules.ts";

/** A message as its fields' values by local name; a oneof is `{case, value}`. */
export type MessageFields = Message & Readonly<Record<string, unknown>>;

interface FieldPlan {
  readonly field: DescField;
  readonly required: boolean;
  readonly checks: readonly ValueCheck[];
  readonly keyChecks: readonly ValueCheck[];
  readonly minItems: number;
  readonly maxItems: number;
  readonly unique: boolean;
  /** The message type to go on with, of the field, its items or its values. */
  readonly child: DescMessage | undefined;
}

const plans = new WeakMap<DescMessage, readonly FieldPlan[]>();
const NO_CHECKS: readonly ValueCheck[] = [];

/** The raw value of a field: a default if it is not set, undefined for an absent message or an unchosen oneof member. */
export function rawFieldValue(message: MessageFields, field: DescField): unknown {
  if (field.oneof === undefined) return message[field.localName];
  const chosen = message[field.oneof.localName] as { readonly case?: string; readonly value?: unknown } | undefined;
  return chosen?.case === field.localName ? chosen.value : undefined;
}

/**
 * Checks a message, and all messages below it but those inside an Any, against the rules the protos themselves state
 * (`validate.rules`). `incomplete` says that a message lost fields to earlier errors, so that its own fields are not to be judged.
 */
export function checkRules(
  type: DescMessage,
  message: Message,
  place: Place,
  report: ReportProblem,
  incomplete: (place: Place) => boolean,
): void {
  const plan = planOf(type);
  const skipOwn = incomplete(place);
  if (!skipOwn) checkOneofs(type, message as MessageFields, place, report);
  for (const fieldPlan of plan) {
    const value = rawFieldValue(message as MessageFields, fieldPlan.field);
    if (!skipOwn) checkField(fieldPlan, value, place, report);
    if (fieldPlan.child === undefined || value === undefined) continue;
    const at = place.field(fieldPlan.field.name);
    for (const [step, child] of childMessages(fieldPlan.field, value)) {
      const childPlace = step === undefined ? at : typeof step === "number" ? at.index(step) : at.field(step);
      checkRules(fieldPlan.child, child, childPlace, report, incomplete);
    }
  }
}

/** The messages that a field holds: itself, or its items with their index, or its values with their key. */
export function* childMessages(
  field: DescField,
  value: unknown,
): Generator<readonly [step: string | number | undefined, child: Message]> {
  if (field.fieldKind === "list") {
    for (const [index, item] of (value as Message[]).entries()) yield [index, item];
  } else if (field.fieldKind === "map") {
    for (const [key, item] of Object.entries(value as Record<string, Message>)) yield [key, item];
  } else {
    yield [undefined, value as Message];
  }
}

function checkOneofs(type: DescMessage, message: MessageFields, place: Place, report: ReportProblem): void {
  for (const oneof of type.oneofs) {
    const chosen = message[oneof.localName] as { readonly case?: string } | undefined;
    if (chosen?.case !== undefined || !hasOption(oneof, required) || !getOption(oneof, required)) continue;
    const names = oneof.fields.map(({ name }) => name).filter((name) => !name.startsWith("hidden_envoy_deprecated"));
    const missing = names.length === 1 ? `${names[0]} is required` : `one of ${names.join(", ")} is required`;
    report(place, missing);
  }
}

function checkField(plan: FieldPlan, value: unknown, parent: Place, report: ReportProblem): void {
  const { field } = plan;
  if (value === undefined) {
    if (plan.required) report(parent.field(field.name), `${field.name} is required`);
    return;
  }
  if (field.fieldKind === "list" || field.fieldKind === "map") {
    checkCollection(plan, value, parent, report);
    return;
  }
  for (const check of plan.checks) {
    const wrong = check(value);
    if (wrong !== undefined) report(parent.field(field.name), `${field.name} ${wrong}`);
  }
}

function checkCollection(plan: FieldPlan, value: unknown, parent: Place, report: ReportProblem): void {
  const { field } = plan;
  const items = Object.values(value as object) as unknown[];
  const at = parent.field(field.name);
  const count = (words: string): void => report(at, `${field.name} must have ${words}, has ${items.length}`);
  if (items.length < plan.minItems)
    count(plan.minItems === 1 ? "at least one item" : `at least ${plan.minItems} items`);
  if (items.length > plan.maxItems) count(plan.maxItems === 1 ? "at most one item" : `at most ${plan.maxItems} items`);
  if (plan.unique && new Set(items).size < items.length) report(at, `${field.name} has the same item twice`);
  if (plan.checks === NO_CHECKS && plan.keyChecks === NO_CHECKS) return;
  for (const [key, item] of Object.entries(value as object) as [string, unknown][]) {
    const place = field.fieldKind === "list" ? at.index(Number(key)) : at.field(key);
    for (const check of plan.keyChecks) {
      const wrong = check(key);
      if (wrong !== undefined) report(place, `the key ${wrong}`);
    }
    for (const check of plan.checks) {
      const wrong = check(item);
      if (wrong !== undefined) report(place, `${field.name} ${wrong}`);
    }
  }
}

function planOf(type: DescMessage): readonly FieldPlan[] {
  let plan = plans.get(type);
  if (plan === undefined) {
    const off = hasOption(type, disabled) && getOption(type, disabled);
    plan = off ? [] : type.fields.map(fieldPlan).filter(isNeeded);
    plans.set(type, plan);
  }
  return plan;
}

function isNeeded(plan: FieldPlan): boolean {
  const counted = plan.minItems > 0 || plan.maxItems < Number.POSITIVE_INFINITY || plan.unique;
  return plan.required || plan.checks.length > 0 || plan.keyChecks.length > 0 || counted || plan.child !== undefined;
}

function fieldPlan(field: DescField): FieldPlan {
  const rules: FieldRules | undefined = hasOption(field, rulesOption) ? getOption(field, rulesOption) : undefined;
  const type = rules?.type;
  const skipped = rules?.message?.skip === true;
  const plan: FieldPlan = {
    field,
    // A oneof's member that is not chosen is not missing.
    required: field.oneof === undefined && (rules?.message?.required === true || isRequired(type)),
    checks: rules === undefined ? NO_CHECKS : valueChecks(rules, field),
    keyChecks: NO_CHECKS,
    minItems: 0,
    maxItems: Number.POSITIVE_INFINITY,
    unique: false,
    child: skipped ? undefined : childType(field),
  };
  if (type?.case === "repeated") {
    const { items, minItems, maxItems, unique } = type.value;
    return { ...plan, unique, checks: checksOf(items, field), ...limits(minItems, maxItems) };
  }
  if (type?.case === "map") {
    const { keys, values, minPairs, maxPairs } = type.value;
    return {
      ...plan,
      keyChecks: checksOf(keys, field),
      checks: checksOf(values, field),
      ...limits(minPairs, maxPairs),
    };
  }
  return plan;
}

function isRequired(type: FieldRules["type"] | undefined): boolean {
  return (type?.case === "duration" || type?.case === "any" || type?.case === "timestamp") && type.value.required;
}

function limits(min: bigint, max: bigint): { minItems: number; maxItems: number } {
  return { minItems: Number(min), maxItems: max === 0n ? Number.POSITIVE_INFINITY : Number(max) };
}

function checksOf(rules: FieldRules | undefined, field: DescField): readonly ValueCheck[] {
  return rules === undefined ? NO_CHECKS : valueChecks(rules, field);
}

/** The message type below a field whose own fields can have rules. */
function childType(field: DescField): DescMessage | undefined {
  const type = field.message;
  return type === undefined || isWellKnown(type) || type.typeName === "google.protobuf.Any" ? undefined : type;
}
