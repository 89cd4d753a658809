import type { RequestHeaderMap } from "../../../http/header-map.ts";
import { createStringMatcher, type StringMatcher, type StringMatcherData } from "../../../match/string-matcher.ts";

/** Matches header names by a list of matchers. */
export class HeaderNameList {
  readonly #matchers: readonly StringMatcher[];

  constructor(data: readonly StringMatcherData[]) {
    this.#matchers = data.map(createStringMatcher);
  }

  matches(name: string): boolean {
    return this.#matchers.some((matcher) => matcher.matches(name));
  }
}

/** Which headers of a request a service is told. */
export class CheckedHeaders {
  readonly #allowed: HeaderNameList | null;
  readonly #always: ReadonlySet<string>;
  readonly #disallowed: HeaderNameList;

  /** `allowed` null = all. `always`: allowed beside them. */
  constructor(
    allowed: readonly StringMatcherData[] | null,
    disallowed: readonly StringMatcherData[],
    always: ReadonlySet<string>,
  ) {
    this.#allowed = allowed === null ? null : new HeaderNameList(allowed);
    this.#disallowed = new HeaderNameList(disallowed);
    this.#always = always;
  }

  /** Those of `headers` that are told, pseudo-headers first, as `[name, value, …]`. */
  of(headers: RequestHeaderMap): string[] {
    const told: string[] = [];
    const pseudo = [":authority", headers.authority, ":path", headers.path, ":method", headers.method];
    for (const list of [pseudo, [":scheme", headers.scheme], headers.list]) {
      for (let i = 0; i < list.length; i += 2) {
        if (list[i + 1] !== "" || list === headers.list) this.#tell(list[i]!, list[i + 1]!, told);
      }
    }
    return told;
  }

  #tell(name: string, value: string, told: string[]): void {
    const isAllowed = this.#allowed === null || this.#always.has(name) || this.#allowed.matches(name);
    if (isAllowed && !this.#disallowed.matches(name)) told.push(name, value);
  }
}
