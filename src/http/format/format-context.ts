import type { Clock } from "../../base/clock.ts";
import type { RandomSource } from "../../base/random.ts";
import type { RequestHeaderMap, ResponseHeaderMap, TrailerMap } from "../header-map.ts";
import type { StreamInfo } from "../stream-info.ts";

/** What a format is filled in from: one stream, at one moment. */
export interface FormatContext {
  /** Null before the request's headers arrived (and for TCP). */
  readonly requestHeaders: RequestHeaderMap | null;
  readonly responseHeaders: ResponseHeaderMap | null;
  readonly responseTrailers: TrailerMap | null;
  readonly streamInfo: StreamInfo;
  /** Envoy's name of the occasion (`DownstreamEnd`, …); `NotSet` outside access logs. */
  readonly accessLogType: string;
}

/** What a format is filled in from that does not depend on the stream. */
export interface FormatEnvironment {
  readonly hostname: string;
  /** Environment variables by name, for `%ENVIRONMENT(X)%`. */
  readonly environment: ReadonlyMap<string, string>;
  readonly clock: Clock;
  readonly random: RandomSource;
}

/**
 * What an operator gives. Strings are wire text (a character per byte) or text of the configuration's language;
 * objects and arrays are JSON values, from metadata.
 */
export type FormatValue = string | number | boolean | null | object;

/** Fills in one operator; undefined if the stream does not have the value. */
export type FormatEvaluator = (context: FormatContext) => FormatValue | undefined;

/** A command operator of the format language, such as `REQ`. */
export interface FormatOperator {
  /** Whether it takes an argument in parentheses. */
  readonly argument: "none" | "optional" | "required";
  /** Whether `:N` behind it may cut the value to N characters. */
  readonly truncates: boolean;
  /** What is wrong with the argument (`""` if none was given); null or absent if nothing is. */
  problem?(argument: string): string | null;
  /** The argument has passed `problem`. */
  create(argument: string, environment: FormatEnvironment): FormatEvaluator;
}

/** An operator that takes no argument and reads one thing. */
export function plainOperator(evaluate: FormatEvaluator): FormatOperator {
  return { argument: "none", truncates: false, create: () => evaluate };
}
