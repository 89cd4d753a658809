import { createStringMatcher, type StringMatcher, type StringMatcherData } from "./string-matcher.ts";
import { wireText } from "./wire-text.ts";

/** Envoy's `QueryParameterMatcher` as plain data; a null matcher asks only for presence. */
export interface QueryParameterMatcherData {
  readonly name: string;
  /** Without a matcher: whether the parameter must be there (true) or absent (false). Has no meaning with one. */
  readonly present: boolean;
  readonly matcher: StringMatcherData | null;
}

/** Says yes or no to one query parameter; of a repeated one, only the first value counts. Immutable. */
export class QueryParameterMatcher {
  readonly #name: string;
  readonly #present: boolean;
  readonly #matcher: StringMatcher | null;

  constructor(data: QueryParameterMatcherData) {
    this.#name = wireText(data.name);
    this.#present = data.present;
    this.#matcher = data.matcher === null ? null : createStringMatcher(data.matcher);
  }

  /** `path` is a request target with its query. */
  matches(path: string): boolean {
    return this.#accepts(queryParameter(path, this.#name));
  }

  /** The same with percent-encoding of names and values undone. */
  matchesDecoded(path: string): boolean {
    return this.#accepts(decodedQueryParameter(path, this.#name));
  }

  #accepts(value: string | undefined): boolean {
    if (this.#matcher === null) return (value !== undefined) === this.#present;
    return value !== undefined && this.#matcher.matches(value);
  }
}

/**
 * First value of a query parameter, as it stands in `path` (percent-encoding is not undone, as in Envoy); `""` for a
 * parameter without `=`, undefined if there is none. Looks no further than a fragment.
 */
export function queryParameter(path: string, name: string): string | undefined {
  const question = path.indexOf("?");
  if (question === -1) return undefined;
  const end = queryEnd(path, question);
  let start = question + 1;
  while (start <= end) {
    let stop = path.indexOf("&", start);
    if (stop === -1 || stop > end) stop = end;
    const nameEnd = start + name.length;
    if (nameEnd <= stop && path.startsWith(name, start)) {
      if (nameEnd === stop) return "";
      if (path.charCodeAt(nameEnd) === 0x3d) return path.slice(nameEnd + 1, stop);
    }
    start = stop + 1;
  }
  return undefined;
}

/** As `queryParameter`, with percent-encoding of names and values undone; `name` and the value are wire text. */
function decodedQueryParameter(path: string, name: string): string | undefined {
  const question = path.indexOf("?");
  if (question === -1) return undefined;
  for (const pair of path.slice(question + 1, queryEnd(path, question)).split("&")) {
    const equals = pair.indexOf("=");
    const key = equals === -1 ? pair : pair.slice(0, equals);
    if (percentDecoded(key) === name) return equals === -1 ? "" : percentDecoded(pair.slice(equals + 1));
  }
  return undefined;
}

function percentDecoded(text: string): string {
  return text.replaceAll(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function queryEnd(path: string, question: number): number {
  const hash = path.indexOf("#", question);
  return hash === -1 ? path.length : hash;
}
