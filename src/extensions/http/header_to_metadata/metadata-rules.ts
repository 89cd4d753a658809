import { requestCookie } from "../../../http/cookies.ts";
import type { HeaderMap } from "../../../http/header-map.ts";
import type { StreamInfo } from "../../../http/stream-info.ts";
import type { HeaderLookup } from "../../../match/header-matcher.ts";
import { RegexRewrite, type RegexRewriteData } from "../../../match/regex-rewrite.ts";
import { readProtobufValue } from "./protobuf-value.ts";

/** What is written into the metadata. Plain data. */
export interface MetadataEntryData {
  readonly namespace: string;
  readonly key: string;
  /** `""`: the header's. */
  readonly value: string;
  readonly rewrite: RegexRewriteData | null;
  /** What the text is read as; `protobuf` is a binary `google.protobuf.Value`. */
  readonly type: "string" | "number" | "protobuf";
  readonly isBase64: boolean;
}

/** One rule: about a header or a cookie, the other is `""`. Plain data. */
export interface MetadataRuleData {
  readonly header: string;
  readonly cookie: string;
  readonly present: MetadataEntryData | null;
  readonly missing: MetadataEntryData | null;
  /** Take the header out of the message. */
  readonly remove: boolean;
}

/** Envoy's `header_to_metadata.v3.Config`, checked. Plain data. */
export interface MetadataRulesData {
  readonly request: readonly MetadataRuleData[];
  readonly response: readonly MetadataRuleData[];
}

interface Rule {
  readonly data: MetadataRuleData;
  readonly rewrite: RegexRewrite | null;
}

/** As in Envoy: longer values are left out. */
const LONGEST_VALUE = 8 * 1024;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** The rules of a filter or a route, on a worker. Immutable. */
export class MetadataRules {
  readonly #request: readonly Rule[];
  readonly #response: readonly Rule[];

  /** `data` is checked already. */
  constructor({ request, response }: MetadataRulesData) {
    this.#request = request.map(createRule);
    this.#response = response.map(createRule);
  }

  applyRequest(headers: HeaderMap & HeaderLookup, streamInfo: StreamInfo): void {
    for (const rule of this.#request) applyRule(rule, headers, streamInfo);
  }

  applyResponse(headers: HeaderMap & HeaderLookup, streamInfo: StreamInfo): void {
    for (const rule of this.#response) applyRule(rule, headers, streamInfo);
  }
}

function createRule(data: MetadataRuleData): Rule {
  const rewrite = data.present?.rewrite ?? null;
  return { data, rewrite: rewrite === null ? null : new RegexRewrite(rewrite) };
}

function applyRule({ data, rewrite }: Rule, headers: HeaderMap & HeaderLookup, streamInfo: StreamInfo): void {
  const found = data.header === "" ? requestCookie(headers, data.cookie) : headers.lookup(data.header);
  const isMissing = found === undefined || (data.header === "" && found === "");
  if (!isMissing && data.remove) headers.remove(data.header);
  const entry = isMissing ? data.missing : data.present;
  if (entry === null) return;
  const own = rewrite === null || isMissing ? (found ?? "") : rewrite.replaceAll(found);
  write(entry, entry.value === "" ? own : entry.value, streamInfo);
}

function write(entry: MetadataEntryData, raw: string, streamInfo: StreamInfo): void {
  if (raw === "" || raw.length >= LONGEST_VALUE) return;
  let value = raw;
  if (entry.isBase64) {
    if (!BASE64.test(raw)) return;
    value = Buffer.from(raw, "base64").toString("latin1");
    if (value === "") return;
  }
  const read = READERS[entry.type](value);
  if (read !== undefined) streamInfo.metadata(entry.namespace)[entry.key] = read;
}

/** Undefined for a text that is nothing of the kind. */
const READERS: Readonly<Record<MetadataEntryData["type"], (text: string) => unknown>> = {
  string: (text) => text,
  number: (text) => {
    const number = text.trim() === "" ? Number.NaN : Number(text);
    return Number.isNaN(number) ? undefined : number;
  },
  protobuf: (text) => readProtobufValue(Buffer.from(text, "latin1")),
};
