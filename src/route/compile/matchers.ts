import type { CompileContext } from "../../config/compile-context.ts";
import { type MessageSupport, noEffect, notYet, support, supportAll } from "../../config/field-support.ts";
import type { Place } from "../../config/place.ts";
import type { HeaderMatchData, HeaderMatcherData } from "../../match/header-matcher.ts";
import type { QueryParameterMatcherData } from "../../match/query-parameter-matcher.ts";
import { regexProblem } from "../../match/regex.ts";
import { type RegexRewriteData, substitutionProblem } from "../../match/regex-rewrite.ts";
import type { StringMatcherData } from "../../match/string-matcher.ts";
import {
  type HeaderMatcher,
  HeaderMatcherSchema,
  type QueryParameterMatcher,
  QueryParameterMatcherSchema,
} from "../../proto/gen/envoy/config/route/v3/route_components_pb.js";
import {
  type RegexMatchAndSubstitute,
  RegexMatchAndSubstituteSchema,
  type RegexMatcher,
  RegexMatcher_GoogleRE2Schema,
  RegexMatcherSchema,
} from "../../proto/gen/envoy/type/matcher/v3/regex_pb.js";
import { type StringMatcher, StringMatcherSchema } from "../../proto/gen/envoy/type/matcher/v3/string_pb.js";
import { Int64RangeSchema } from "../../proto/gen/envoy/type/v3/range_pb.js";
import { compileHeaderName } from "./header-name.ts";

/** Stands in for what was reported as wrong. */
const NEVER_USED: StringMatcherData = { type: "exact", value: "", ignoreCase: false };

/** The pattern, after checking that it is one. */
export function compileRegex(message: RegexMatcher, place: Place, context: CompileContext): string {
  const problem = regexProblem(message.regex);
  if (problem !== null) context.error(place.field("regex"), `invalid regex: ${problem}`);
  return message.regex;
}

/** A pattern with its substitution, both checked. */
export function compileRegexRewrite(
  message: RegexMatchAndSubstitute,
  place: Place,
  context: CompileContext,
): RegexRewriteData {
  const pattern = message.pattern?.regex ?? "";
  const data = { pattern, substitution: message.substitution };
  const problem = regexProblem(pattern);
  if (problem !== null) {
    context.error(place.field("pattern").field("regex"), `invalid regex: ${problem}`);
    return data;
  }
  const wrong = substitutionProblem(data);
  if (wrong !== null) context.error(place.field("substitution"), wrong);
  return data;
}

/** A `StringMatcher`. One without a pattern was refused by the protos' own rules. */
export function compileStringMatcher(message: StringMatcher, place: Place, context: CompileContext): StringMatcherData {
  const { matchPattern, ignoreCase } = message;
  switch (matchPattern.case) {
    case "exact":
    case "prefix":
    case "suffix":
    case "contains":
      return { type: matchPattern.case, value: matchPattern.value, ignoreCase };
    case "safeRegex": {
      if (ignoreCase) {
        context.error(place.field("ignore_case"), "has no effect on safe_regex", 'write "(?i)" before the pattern');
      }
      return {
        type: "regex",
        value: compileRegex(matchPattern.value, place.field("safe_regex"), context),
        ignoreCase: false,
      };
    }
    default:
      return NEVER_USED;
  }
}

/** A route's, access log filter's or retry policy's `HeaderMatcher`. */
export function compileHeaderMatcher(message: HeaderMatcher, place: Place, context: CompileContext): HeaderMatcherData {
  return {
    name: compileHeaderName(message.name, place.field("name"), context),
    match: compileHeaderMatch(message, place, context),
    invert: message.invertMatch,
    treatMissingAsEmpty: message.treatMissingHeaderAsEmpty,
  };
}

function plain(type: "exact" | "prefix" | "suffix" | "contains", value: string): HeaderMatchData {
  return { type: "string", matcher: { type, value, ignoreCase: false } };
}

function compileHeaderMatch(message: HeaderMatcher, place: Place, context: CompileContext): HeaderMatchData {
  const specifier = message.headerMatchSpecifier;
  switch (specifier.case) {
    case "exactMatch":
      // Envoy: an empty value of this deprecated form asks only for the header to be there.
      return specifier.value === "" ? { type: "present", present: true } : plain("exact", specifier.value);
    case "prefixMatch":
      return plain("prefix", specifier.value);
    case "suffixMatch":
      return plain("suffix", specifier.value);
    case "containsMatch":
      return plain("contains", specifier.value);
    case "safeRegexMatch": {
      const value = compileRegex(specifier.value, place.field("safe_regex_match"), context);
      return { type: "string", matcher: { type: "regex", value, ignoreCase: false } };
    }
    case "stringMatch":
      return { type: "string", matcher: compileStringMatcher(specifier.value, place.field("string_match"), context) };
    case "rangeMatch":
      return { type: "range", start: Number(specifier.value.start), end: Number(specifier.value.end) };
    default:
      return { type: "present", present: specifier.value ?? true };
  }
}

/** A route's `QueryParameterMatcher`. */
export function compileQueryParameterMatcher(
  message: QueryParameterMatcher,
  place: Place,
  context: CompileContext,
): QueryParameterMatcherData {
  const specifier = message.queryParameterMatchSpecifier;
  if (specifier.case === "stringMatch") {
    const matcher = compileStringMatcher(specifier.value, place.field("string_match"), context);
    return { name: message.name, present: true, matcher };
  }
  return { name: message.name, present: specifier.value ?? true, matcher: null };
}

/** Which fields of the messages compiled here are implemented; the messages stand in many places. */
export const matcherSupport: readonly MessageSupport[] = [
  supportAll(StringMatcherSchema, { custom: notYet() }),
  supportAll(RegexMatcherSchema),
  support(RegexMatcher_GoogleRE2Schema, { max_program_size: noEffect("Troupe has a limit of its own") }),
  supportAll(RegexMatchAndSubstituteSchema),
  supportAll(HeaderMatcherSchema),
  supportAll(QueryParameterMatcherSchema),
  supportAll(Int64RangeSchema),
];
