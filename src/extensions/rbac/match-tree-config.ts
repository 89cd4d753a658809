import type { CompileContext, NamedTypedConfig } from "../../config/compile-context.ts";
import { type MessageSupport, notYet, supportAll } from "../../config/field-support.ts";
import type { Place } from "../../config/place.ts";
import type { CidrData } from "../../match/ip-prefix-table.ts";
import type { MatchOutcomeData, MatchPredicateData, MatchTreeData } from "../../match/match-tree.ts";
import { regexProblem } from "../../match/regex.ts";
import type { StringMatcherData } from "../../match/string-matcher.ts";
import { TypedExtensionConfigSchema } from "../../proto/gen/xds/core/v3/extension_pb.js";
import {
  type Matcher,
  Matcher_MatcherList_FieldMatcherSchema,
  type Matcher_MatcherList_Predicate,
  Matcher_MatcherList_Predicate_PredicateListSchema,
  Matcher_MatcherList_Predicate_SinglePredicateSchema,
  Matcher_MatcherList_PredicateSchema,
  Matcher_MatcherListSchema,
  type Matcher_MatcherTree,
  Matcher_MatcherTree_MatchMapSchema,
  Matcher_MatcherTreeSchema,
  type Matcher_OnMatch,
  Matcher_OnMatchSchema,
  MatcherSchema,
} from "../../proto/gen/xds/type/matcher/v3/matcher_pb.js";
import { RegexMatcher_GoogleRE2Schema, RegexMatcherSchema } from "../../proto/gen/xds/type/matcher/v3/regex_pb.js";
import { type StringMatcher, StringMatcherSchema } from "../../proto/gen/xds/type/matcher/v3/string_pb.js";
import type { MatchInputData } from "./match-input.ts";
import type { RbacActionData, RbacTreeData } from "./rbac-data.ts";

/** How deep trees and conditions may nest. */
const DEEPEST = 32;
const NEVER: MatchPredicateData<MatchInputData> = { type: "or", predicates: [] };
const NOTHING: MatchTreeData<MatchInputData, RbacActionData> = {
  branches: { type: "list", list: [] },
  otherwise: null,
};

/** Compiles the match tree of an RBAC filter. Without a match everything is denied. */
export function compileRbacTree(
  message: Matcher,
  where: "connection" | "request",
  place: Place,
  context: CompileContext,
): RbacTreeData {
  const compiler = new TreeCompiler(where, context);
  const tree = compiler.tree(message, place, 0);
  return { type: "tree", tree, logs: compiler.logs };
}

class TreeCompiler {
  /** Whether an action of the tree is to log. */
  logs = false;
  readonly #where: "connection" | "request";
  readonly #context: CompileContext;

  constructor(where: "connection" | "request", context: CompileContext) {
    this.#where = where;
    this.#context = context;
  }

  tree({ matcherType: type, onNoMatch }: Matcher, place: Place, depth: number): RbacTreeData["tree"] {
    if (depth >= DEEPEST) {
      this.#context.error(place, `trees nest deeper than ${DEEPEST}`);
      return NOTHING;
    }
    const otherwise = onNoMatch === undefined ? null : this.#outcome(onNoMatch, place.field("on_no_match"), depth);
    switch (type.case) {
      case "matcherList": {
        const at = place.field("matcher_list").field("matchers");
        const list = type.value.matchers.map(({ predicate, onMatch }, i) => ({
          predicate: this.#predicate(predicate!, at.index(i).field("predicate"), depth),
          outcome: this.#outcome(onMatch!, at.index(i).field("on_match"), depth),
        }));
        return { branches: { type: "list", list }, otherwise };
      }
      case "matcherTree":
        return { branches: this.#map(type.value, place.field("matcher_tree"), depth), otherwise };
      default:
        return { ...NOTHING, otherwise };
    }
  }

  #map({ input, treeType: type }: Matcher_MatcherTree, place: Place, depth: number): RbacTreeData["tree"]["branches"] {
    if (type.case !== "exactMatchMap" && type.case !== "prefixMatchMap") return NOTHING.branches;
    const kind = type.case === "exactMatchMap" ? "exact" : "prefix";
    const at = place.field(`${kind}_match_map`).field("map");
    const outcomes = Object.entries(type.value.map).map(
      ([key, onMatch]) => [key, this.#outcome(onMatch, at.field(key), depth)] as const,
    );
    const compiled = this.#input(input!, place.field("input"));
    return compiled === undefined ? NOTHING.branches : { type: kind, input: compiled, outcomes };
  }

  #outcome(
    { onMatch }: Matcher_OnMatch,
    place: Place,
    depth: number,
  ): MatchOutcomeData<MatchInputData, RbacActionData> {
    if (onMatch.case !== "action") {
      const tree = onMatch.case === "matcher" ? this.tree(onMatch.value, place.field("matcher"), depth + 1) : NOTHING;
      return { type: "tree", tree };
    }
    const compiled = this.#context.extension("envoy.matching.action", onMatch.value, place.field("action"));
    const action = compiled?.data as RbacActionData | undefined;
    if (action === undefined) return { type: "tree", tree: NOTHING };
    if (action.action === "log") this.logs = true;
    return { type: "action", action };
  }

  #predicate(
    { matchType: type }: Matcher_MatcherList_Predicate,
    place: Place,
    depth: number,
  ): MatchPredicateData<MatchInputData> {
    if (depth >= DEEPEST) {
      this.#context.error(place, `conditions nest deeper than ${DEEPEST}`);
      return NEVER;
    }
    switch (type.case) {
      case "orMatcher":
      case "andMatcher": {
        const kind = type.case === "orMatcher" ? "or" : "and";
        const at = place.field(`${kind}_matcher`).field("predicate");
        const predicates = type.value.predicate.map((each, i) => this.#predicate(each, at.index(i), depth + 1));
        return { type: kind, predicates };
      }
      case "notMatcher":
        return { type: "not", predicate: this.#predicate(type.value, place.field("not_matcher"), depth + 1) };
      case "singlePredicate": {
        const at = place.field("single_predicate");
        const input = this.#input(type.value.input!, at.field("input"));
        const { matcher } = type.value;
        if (input === undefined) return NEVER;
        if (matcher.case === "valueMatch") {
          return { type: "value", input, matcher: this.#text(matcher.value, at.field("value_match")) };
        }
        if (matcher.case !== "customMatch") return NEVER;
        const custom = at.field("custom_match");
        const ranges = this.#context.extension("envoy.matching.input_matchers", matcher.value, custom)?.data;
        return ranges === undefined ? NEVER : { type: "ip", input, ranges: ranges as CidrData[] };
      }
      default:
        return NEVER;
    }
  }

  #input(config: NamedTypedConfig, place: Place): MatchInputData | undefined {
    const compiled = this.#context.extension("envoy.matching.http.input", config, place);
    const input = compiled?.data as MatchInputData | undefined;
    if (input?.type === "header" && this.#where === "connection") {
      this.#context.error(place, "a connection has no request: use the HTTP filter envoy.filters.http.rbac for this");
    }
    return input;
  }

  #text({ matchPattern, ignoreCase }: StringMatcher, place: Place): StringMatcherData {
    if (matchPattern.case === undefined) return { type: "exact", value: "", ignoreCase };
    if (matchPattern.case !== "safeRegex") {
      return { type: matchPattern.case, value: matchPattern.value, ignoreCase };
    }
    const { regex } = matchPattern.value;
    const problem = regexProblem(regex);
    if (problem !== null) this.#context.error(place.field("safe_regex").field("regex"), `invalid regex: ${problem}`);
    return { type: "regex", value: regex, ignoreCase: false };
  }
}

/** Which fields of the messages compiled here are implemented. */
export const rbacTreeSupport: readonly MessageSupport[] = [
  supportAll(MatcherSchema),
  supportAll(Matcher_OnMatchSchema),
  supportAll(Matcher_MatcherListSchema),
  supportAll(Matcher_MatcherList_FieldMatcherSchema),
  supportAll(Matcher_MatcherList_PredicateSchema),
  supportAll(Matcher_MatcherList_Predicate_SinglePredicateSchema),
  supportAll(Matcher_MatcherList_Predicate_PredicateListSchema),
  supportAll(Matcher_MatcherTreeSchema, { custom_match: notYet(undefined, "use matcher_list") }),
  supportAll(Matcher_MatcherTree_MatchMapSchema),
  supportAll(TypedExtensionConfigSchema),
  supportAll(StringMatcherSchema),
  supportAll(RegexMatcherSchema),
  supportAll(RegexMatcher_GoogleRE2Schema),
];
