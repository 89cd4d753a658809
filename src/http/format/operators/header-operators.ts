import { pathWithoutQuery } from "../../../match/path-matcher.ts";
import { queryParameter } from "../../../match/query-parameter-matcher.ts";
import type { HeaderMap } from "../../header-map.ts";
import type { FormatContext, FormatOperator } from "../format-context.ts";

/** A map that also knows pseudo-headers. */
interface FormatHeaders extends HeaderMap {
  lookup(name: string): string | undefined;
}

const HEADER_NAME = /^:?[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

function headerNamesProblem(argument: string): string | null {
  const names = argument.split("?");
  if (names.length > 2) return "at most one alternative header may be given";
  for (const name of names) if (!HEADER_NAME.test(name)) return `"${name}" is not a header name`;
  return null;
}

/** The first value of a header; `host` and pseudo-headers included. */
function firstValue(headers: FormatHeaders, name: string, isPseudo: boolean): string | undefined {
  return isPseudo ? headers.lookup(name) : headers.get(name);
}

/** An operator over `X?Y`: the first of the two headers that is there. */
function headerOperator(
  select: (context: FormatContext) => FormatHeaders | null,
  change: (value: string) => string = (value) => value,
): FormatOperator {
  return {
    argument: "required",
    truncates: true,
    problem: headerNamesProblem,
    create(argument) {
      const [main, alternative] = argument.toLowerCase().split("?");
      const mainIsPseudo = isPseudo(main!);
      return (context) => {
        const headers = select(context);
        if (headers === null) return undefined;
        let value = firstValue(headers, main!, mainIsPseudo);
        if (value === undefined && alternative !== undefined) {
          value = firstValue(headers, alternative, isPseudo(alternative));
        }
        return value === undefined ? undefined : change(value);
      };
    },
  };
}

function isPseudo(name: string): boolean {
  return name.startsWith(":") || name === "host";
}

const requestHeader = headerOperator((context) => context.requestHeaders);
const responseHeader = headerOperator((context) => context.responseHeaders);
const responseTrailer = headerOperator((context) => context.responseTrailers);

/** `QUERY_PARAM(X)`: first value of a query parameter, percent-decoded. */
const queryParamOperator: FormatOperator = {
  argument: "required",
  truncates: true,
  create:
    (argument) =>
    ({ requestHeaders }) => {
      if (requestHeaders === null) return undefined;
      const value = queryParameter(requestHeaders.path, argument);
      return value === undefined ? undefined : percentDecode(value);
    },
};

/** Undoes percent-encoding, byte by byte; what is no `%XX` stays as it is. */
function percentDecode(text: string): string {
  if (!text.includes("%")) return text;
  return text.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** `PATH(WQ|NQ:ORIG|PATH|ORIG_OR_PATH)`: the path with or without query, before or after rewriting. */
const pathOperator: FormatOperator = {
  argument: "optional",
  truncates: true,
  problem(argument) {
    const [query = "", source = "", extra] = argument.split(":");
    if (extra !== undefined || !["", "WQ", "NQ"].includes(query)) return "expected WQ or NQ before the colon";
    if (!["", "ORIG", "PATH", "ORIG_OR_PATH"].includes(source)) {
      return "expected ORIG, PATH or ORIG_OR_PATH behind the colon";
    }
    return null;
  },
  create(argument) {
    const [query, source] = argument.split(":");
    const withQuery = query !== "NQ";
    return ({ requestHeaders }) => {
      if (requestHeaders === null) return undefined;
      const original = source === "PATH" ? undefined : requestHeaders.get("x-envoy-original-path");
      const path = original ?? (source === "ORIG" ? undefined : requestHeaders.lookup(":path"));
      return path === undefined || withQuery ? path : pathWithoutQuery(path);
    };
  },
};

/** Operators that read headers and trailers. */
export const headerOperators: ReadonlyMap<string, FormatOperator> = new Map([
  ["REQ", requestHeader],
  ["REQUEST_HEADER", requestHeader],
  ["RESP", responseHeader],
  ["RESPONSE_HEADER", responseHeader],
  ["TRAILER", responseTrailer],
  ["RESPONSE_TRAILER", responseTrailer],
  ["REQ_WITHOUT_QUERY", headerOperator((context) => context.requestHeaders, pathWithoutQuery)],
  ["QUERY_PARAM", queryParamOperator],
  ["PATH", pathOperator],
]);
