import { isToken } from "../http1/characters.ts";
import { STATIC_INDEX } from "./hpack/static-table.ts";

/** How a field is written: not at all, into the dynamic table, without it, or without any table on the way (RFC 7541 §6.2). */
export const FieldKind = { dropped: 0, te: 1, cookie: 2, indexed: 3, notIndexed: 4, neverIndexed: 5 } as const;
export type FieldKind = (typeof FieldKind)[keyof typeof FieldKind];

/** What the writer of header blocks knows of a name. */
export interface FieldName {
  readonly kind: FieldKind;
  /** Lowest index in the static table; 0 if it is not there. */
  readonly staticIndex: number;
}

/** Headers of one hop (RFC 9113 §8.2.2), and `host`, whose place is `:authority`. */
const NOT_IN_HTTP2 = ["connection", "host", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"];
/** Values that hardly ever come again would only drive out others. */
const RARELY_REPEATED = [
  ":path age content-length content-range etag if-modified-since if-none-match location set-cookie traceparent",
  "x-b3-spanid x-b3-traceid x-envoy-expected-rq-timeout-ms x-envoy-upstream-service-time x-request-id",
].flatMap((line) => line.split(" "));
const SECRET = ["authorization", "proxy-authorization"];
const PSEUDO = [":authority", ":method", ":path", ":protocol", ":scheme", ":status"];

/** Names kept for ever. Bounded: for others everything is found out anew each time. */
const KEPT_LIMIT = 4096;
const LONGEST_KEPT = 64;
const kept = new Map<string, FieldName>();

/** What is known of `name`, which is lower case if a codec made it; anything else is not written. */
export function fieldName(name: string): FieldName {
  const known = kept.get(name);
  if (known !== undefined) return known;
  const made = { kind: kindOf(name), staticIndex: STATIC_INDEX.get(name) ?? 0 };
  if (kept.size < KEPT_LIMIT && name.length <= LONGEST_KEPT) kept.set(name, made);
  return made;
}

function kindOf(name: string): FieldKind {
  if (PSEUDO.includes(name)) return name === ":path" ? FieldKind.notIndexed : FieldKind.indexed;
  if (!isToken(name) || name !== name.toLowerCase() || NOT_IN_HTTP2.includes(name)) return FieldKind.dropped;
  if (name === "te") return FieldKind.te;
  if (name === "cookie") return FieldKind.cookie;
  if (SECRET.includes(name)) return FieldKind.neverIndexed;
  return RARELY_REPEATED.includes(name) ? FieldKind.notIndexed : FieldKind.indexed;
}
