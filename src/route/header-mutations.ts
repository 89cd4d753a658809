import type { FormatContext, FormatEnvironment } from "../http/format/format-context.ts";
import type { FormatProgram } from "../http/format/format-program.ts";
import { stripForHeader } from "../http/format/log-escape.ts";
import { SubstitutionFormatter } from "../http/format/substitution-formatter.ts";
import { type HeaderMap, internHeaderName, type RequestHeaderMap, type ResponseHeaderMap } from "../http/header-map.ts";
import type { StreamInfo } from "../http/stream-info.ts";
import { wireText } from "../match/wire-text.ts";

/** What to do if the header is there already; Envoy's `HeaderAppendAction`. */
export type HeaderAppendAction = "appendOrAdd" | "addIfAbsent" | "overwriteOrAdd" | "overwriteIfExists";

/** One header to set. Plain data. */
export interface HeaderAdditionData {
  /** Lower case. */
  readonly name: string;
  readonly value: FormatProgram;
  readonly action: HeaderAppendAction;
  /** Without it, a value that turns out empty is not set. */
  readonly keepEmptyValue: boolean;
}

/** `…_headers_to_remove` and `…_headers_to_add` of one level. Plain data. */
export interface HeaderMutationsData {
  readonly remove: readonly string[];
  readonly add: readonly HeaderAdditionData[];
}

/** Headers that Envoy keeps as one field: appending to them joins the values with a comma. */
const JOINED = new Set(
  [
    "accept",
    "accept-encoding",
    "authorization",
    "cache-control",
    "content-encoding",
    "content-type",
    "etag",
    "forwarded",
    "grpc-accept-encoding",
    "origin",
    "referer",
    "server",
    "user-agent",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-request-id",
  ].map(internHeaderName),
);

interface Addition {
  readonly name: string;
  readonly action: HeaderAppendAction;
  readonly keepEmptyValue: boolean;
  readonly joined: boolean;
  /** The value if it is always the same. */
  readonly constant: string | undefined;
  readonly formatter: SubstitutionFormatter;
}

/**
 * Removes and sets headers as one level of the configuration says. As in Envoy: removals come first; then all values
 * are worked out, before any is set; then headers are overwritten, and last the others added. Immutable; shared.
 */
export class HeaderMutations {
  readonly #remove: readonly string[];
  /** Those that overwrite stand first. */
  readonly #additions: readonly Addition[];

  constructor(data: HeaderMutationsData, environment: FormatEnvironment) {
    this.#remove = data.remove.map(internHeaderName);
    const additions = data.add.map((entry) => createAddition(entry, environment));
    this.#additions = [...additions.filter(overwrites), ...additions.filter((entry) => !overwrites(entry))];
  }

  /** Changes `headers` in place. `context` is what the values are filled in from. */
  apply(headers: HeaderMap, context: FormatContext): void {
    for (const name of this.#remove) headers.remove(name);
    const additions = this.#additions;
    if (additions.length === 0) return;
    if (additions.length === 1) {
      set(additions[0]!, headers, valueFor(additions[0]!, headers, context));
      return;
    }
    const values: (string | undefined)[] = [];
    for (const addition of additions) values.push(valueFor(addition, headers, context));
    for (let i = 0; i < additions.length; i++) set(additions[i]!, headers, values[i]);
  }
}

/** Applies mutations to `headers`, each to what the one before it left; those of requests have no response yet. Having none costs nothing. */
export function applyMutations(
  mutations: readonly HeaderMutations[],
  headers: HeaderMap,
  requestHeaders: RequestHeaderMap | null,
  responseHeaders: ResponseHeaderMap | null,
  streamInfo: StreamInfo,
): void {
  if (mutations.length === 0) return;
  const context: FormatContext = {
    requestHeaders,
    responseHeaders,
    responseTrailers: null,
    streamInfo,
    accessLogType: "NotSet",
  };
  for (const mutation of mutations) mutation.apply(headers, context);
}

function overwrites(addition: Addition): boolean {
  return addition.action === "overwriteOrAdd" || addition.action === "overwriteIfExists";
}

function createAddition(data: HeaderAdditionData, environment: FormatEnvironment): Addition {
  const name = internHeaderName(data.name);
  const style = { missing: "", sanitize: stripForHeader };
  const formatter = new SubstitutionFormatter(data.value, style, environment);
  const isConstant = data.value.parts.every((part) => typeof part === "string");
  return {
    name,
    action: data.action,
    keepEmptyValue: data.keepEmptyValue,
    joined: JOINED.has(name),
    constant: isConstant ? stripForHeader(wireText(data.value.parts.join(""))) : undefined,
    formatter,
  };
}

/** The value to set; undefined if the header is to stay as it is. */
function valueFor(addition: Addition, headers: HeaderMap, context: FormatContext): string | undefined {
  if (addition.action === "addIfAbsent" && headers.has(addition.name)) return undefined;
  if (addition.action === "overwriteIfExists" && !headers.has(addition.name)) return undefined;
  const value = addition.constant ?? addition.formatter.format(context);
  return value === "" && !addition.keepEmptyValue ? undefined : value;
}

function set(addition: Addition, headers: HeaderMap, value: string | undefined): void {
  if (value === undefined) return;
  if (overwrites(addition)) headers.set(addition.name, value);
  else if (addition.joined) headers.append(addition.name, value);
  else headers.add(addition.name, value);
}
