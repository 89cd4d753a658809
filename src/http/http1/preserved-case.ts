import type { HeaderNameFormat } from "../header-name-format.ts";
import { FIELD_STRIDE, type HeadParser } from "./head-parser.ts";
import type { PreserveCaseData } from "./key-format-data.ts";
import { properCase } from "./proper-case.ts";

/**
 * The names of one message as they were received. Of a name that comes several times the first form holds for all.
 * Source: Envoy's `PreserveCaseHeaderFormatter`.
 */
export class PreservedCase implements HeaderNameFormat {
  readonly reason: string;
  readonly #names = new Map<string, string>();
  readonly #properCase: boolean;

  private constructor(data: PreserveCaseData, reason: string) {
    this.#properCase = data.properCaseForAdded;
    this.reason = reason;
  }

  /** Of the request whose head `parser` has just split; `text` is that head. */
  static ofRequest(parser: HeadParser, text: string, data: PreserveCaseData): PreservedCase {
    return new PreservedCase(data, "").#rememberAll(parser, text);
  }

  /** Of the response whose head `parser` has just split; `text` is that head. */
  static ofResponse(parser: HeadParser, text: string, data: PreserveCaseData): PreservedCase {
    const { secondSpace, startLineEnd } = parser;
    const reason = data.forwardsReason && secondSpace !== -1 ? text.slice(secondSpace + 1, startLineEnd) : "";
    return new PreservedCase(data, reason).#rememberAll(parser, text);
  }

  format(name: string): string {
    return this.#names.get(name) ?? (this.#properCase ? properCase(name) : name);
  }

  #rememberAll({ fields, fieldCount }: HeadParser, text: string): this {
    for (let i = 0, at = 0; i < fieldCount; i++, at += FIELD_STRIDE) {
      this.#remember(text.substring(fields[at + 1]!, fields[at + 2]!));
    }
    return this;
  }

  #remember(name: string): void {
    const lower = name.toLowerCase();
    if (!this.#names.has(lower)) this.#names.set(lower, name);
  }
}
