import { type CidrData, createIpSet } from "./ip-prefix-table.ts";
import { createStringMatcher, type StringMatcherData } from "./string-matcher.ts";
import { wireText } from "./wire-text.ts";

/** A condition of a match tree. `Input` says what is looked at. Plain data. */
export type MatchPredicateData<Input> =
  | { readonly type: "value"; readonly input: Input; readonly matcher: StringMatcherData }
  /** The input is an IP address. */
  | { readonly type: "ip"; readonly input: Input; readonly ranges: readonly CidrData[] }
  | { readonly type: "and" | "or"; readonly predicates: readonly MatchPredicateData<Input>[] }
  | { readonly type: "not"; readonly predicate: MatchPredicateData<Input> };

/** Where a match leads: to another tree, or to what is to be done. Plain data. */
export type MatchOutcomeData<Input, Action> =
  | { readonly type: "tree"; readonly tree: MatchTreeData<Input, Action> }
  | { readonly type: "action"; readonly action: Action };

/** Envoy's `Matcher` (xds.type.matcher.v3), checked. Plain data. */
export interface MatchTreeData<Input, Action> {
  readonly branches: /** The first whose condition holds. */
    | {
        readonly type: "list";
        readonly list: readonly {
          readonly predicate: MatchPredicateData<Input>;
          readonly outcome: MatchOutcomeData<Input, Action>;
        }[];
      }
    /** The one with the input's value, or with its longest prefix. */
    | {
        readonly type: "exact" | "prefix";
        readonly input: Input;
        readonly outcomes: readonly (readonly [key: string, outcome: MatchOutcomeData<Input, Action>])[];
      };
  /** If no branch matches; null = nothing then. */
  readonly otherwise: MatchOutcomeData<Input, Action> | null;
}

/** Reads an input as wire text; undefined if the subject has none. */
export type MatchInput<Subject> = (subject: Subject) => string | undefined;

/** Decides what is to be done with a subject; null = nothing matches. Immutable. */
export type MatchTree<Subject, Action> = (subject: Subject) => Action | null;

/**
 * Makes a match tree. A branch that leads to a tree in which nothing matches is no match of the whole, and no other branch is tried. `data`
 * is checked already: throws on a bad regex.
 */
export function createMatchTree<Subject, Input, Action>(
  data: MatchTreeData<Input, Action>,
  createInput: (input: Input) => MatchInput<Subject>,
): MatchTree<Subject, Action> {
  const { branches } = data;
  const outcome = (of: MatchOutcomeData<Input, Action>): MatchTree<Subject, Action> =>
    of.type === "action" ? () => of.action : createMatchTree(of.tree, createInput);
  const otherwise: MatchTree<Subject, Action> = data.otherwise === null ? () => null : outcome(data.otherwise);
  if (branches.type === "list") {
    const list = branches.list.map((each) => ({
      matches: createPredicate(each.predicate, createInput),
      outcome: outcome(each.outcome),
    }));
    return (subject) => (list.find(({ matches }) => matches(subject))?.outcome ?? otherwise)(subject);
  }
  const input = createInput(branches.input);
  const outcomes = branches.outcomes.map(([key, of]) => [wireText(key), outcome(of)] as const);
  const find = branches.type === "exact" ? findExact(outcomes) : findPrefix(outcomes);
  return (subject) => {
    const value = input(subject);
    return ((value === undefined ? undefined : find(value)) ?? otherwise)(subject);
  };
}

function findExact<T>(entries: readonly (readonly [string, T])[]): (value: string) => T | undefined {
  const byKey = new Map(entries);
  return (value) => byKey.get(value);
}

function findPrefix<T>(entries: readonly (readonly [string, T])[]): (value: string) => T | undefined {
  const longestFirst = [...entries].sort(([a], [b]) => b.length - a.length);
  return (value) => longestFirst.find(([prefix]) => value.startsWith(prefix))?.[1];
}

function createPredicate<Subject, Input>(
  data: MatchPredicateData<Input>,
  createInput: (input: Input) => MatchInput<Subject>,
): (subject: Subject) => boolean {
  switch (data.type) {
    case "value": {
      const input = createInput(data.input);
      const matcher = createStringMatcher(data.matcher);
      return (subject) => {
        const value = input(subject);
        return value !== undefined && matcher.matches(value);
      };
    }
    case "ip": {
      const input = createInput(data.input);
      const ranges = createIpSet(data.ranges);
      return (subject) => {
        const value = input(subject);
        return value !== undefined && ranges.has(value);
      };
    }
    case "not": {
      const predicate = createPredicate(data.predicate, createInput);
      return (subject) => !predicate(subject);
    }
    default: {
      const predicates = data.predicates.map((each) => createPredicate(each, createInput));
      return data.type === "and"
        ? (subject) => predicates.every((matches) => matches(subject))
        : (subject) => predicates.some((matches) => matches(subject));
    }
  }
}
