import type { RandomSource } from "../../../base/random.ts";
import type { RequestHeaderMap } from "../../../http/header-map.ts";
import { isGrpcRequest } from "../../../http/local-reply.ts";
import { HeaderMatcher, matchesAllHeaders } from "../../../match/header-matcher.ts";
import { createPathMatcher, type PathMatcher, pathWithoutQuery } from "../../../match/path-matcher.ts";
import { QueryParameterMatcher } from "../../../match/query-parameter-matcher.ts";
import { isInFraction } from "../../../route/fraction.ts";
import type { RouteMatchData } from "../../../route/route-table-data.ts";
import type { JwtRequirementData } from "./jwt-data.ts";

/** What requests that match must bring. Immutable. */
export class RequestRule {
  readonly requirement: JwtRequirementData | null;
  readonly #match: RouteMatchData;
  /** Null: CONNECT requests. */
  readonly #path: PathMatcher | null;
  readonly #headers: readonly HeaderMatcher[];
  readonly #parameters: readonly QueryParameterMatcher[];

  constructor(match: RouteMatchData, requirement: JwtRequirementData | null) {
    this.requirement = requirement;
    this.#match = match;
    this.#path = match.path === null ? null : createPathMatcher(match.path);
    this.#headers = match.headers.map((matcher) => new HeaderMatcher(matcher));
    this.#parameters = match.queryParameters.map((matcher) => new QueryParameterMatcher(matcher));
  }

  matches(headers: RequestHeaderMap, random: RandomSource): boolean {
    const { fraction, grpc } = this.#match;
    if (this.#path === null ? headers.method !== "CONNECT" : !this.#path.matches(pathWithoutQuery(headers.path))) {
      return false;
    }
    if (fraction !== null && !isInFraction(fraction, random.uint32())) return false;
    if (grpc && !isGrpcRequest(headers)) return false;
    if (!matchesAllHeaders(this.#headers, headers)) return false;
    return this.#parameters.every((matcher) => matcher.matches(headers.path));
  }
}
