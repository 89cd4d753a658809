import { isIP } from "node:net";
import type { ExplainRequest } from "../../extensions/explanation.ts";
import { asciiLowerCase } from "../../match/string-matcher.ts";
import { wireText } from "../../match/wire-text.ts";

/** Who asks when the body does not say. */
const DEFAULT_SOURCE = "127.0.0.1:50000";
const MAX_HEADERS = 1000;
const DEFAULT_PORTS: Readonly<Record<string, number>> = { "http:": 80, "https:": 443 };

/** What is asked, and on what: the configuration in force (of one worker, if named) or a proposed one. */
export interface ExplainQuestion {
  readonly request: ExplainRequest;
  /** The text of a proposed configuration; undefined = the one in force. */
  readonly config: string | undefined;
  /** `""` = any worker. */
  readonly worker: string;
}

/** Something in the body is wrong; the message names the field. */
export class QuestionError extends Error {
  override readonly name = "QuestionError";
}

type Body = Readonly<Record<string, unknown>>;

const FIELDS: ReadonlySet<string> = new Set([
  ...["method", "authority", "path", "url", "headers", "source", "listener", "address", "tls", "sni", "alpn", "random"],
  ...["config", "worker"],
]);

/** Reads the body of `POST /explain`. Throws `QuestionError`. */
export function readExplainQuestion(text: string): ExplainQuestion {
  const body = parseBody(text);
  for (const name of Object.keys(body)) {
    if (!FIELDS.has(name)) throw new QuestionError(`${name}: unknown field; there are: ${[...FIELDS].join(", ")}`);
  }
  const url = urlOf(body);
  const serverName = asciiLowerCase(wireText(textField(body, "sni", url?.protocol === "https:" ? url.hostname : "")));
  const authority = textField(body, "authority", url?.host ?? "");
  return {
    request: {
      method: textField(body, "method", "GET"),
      authority: wireText(authority),
      path: wireText(textField(body, "path", url === undefined ? "/" : url.pathname + url.search)),
      headers: headersField(body),
      source: sourceField(body),
      listener: textField(body, "listener", ""),
      address: textField(body, "address", ""),
      port: url === undefined ? portOf(authority) : Number(url.port) || DEFAULT_PORTS[url.protocol]!,
      tls: booleanField(body, "tls", serverName !== "" || url?.protocol === "https:"),
      serverName,
      alpn: listField(body, "alpn"),
      random: randomField(body),
    },
    config: body.config === undefined ? undefined : textField(body, "config", ""),
    worker: textField(body, "worker", ""),
  };
}

function parseBody(text: string): Body {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new QuestionError(`the body is no JSON, such as {"url": "http://app.example/cart"}: ${why}`);
  }
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw new QuestionError("the body must be a JSON object");
  }
  return body as Body;
}

function urlOf(body: Body): URL | undefined {
  if (body.url === undefined) return undefined;
  const text = textField(body, "url", "");
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== "http:" && url?.protocol !== "https:") {
    throw new QuestionError("url: must be a whole URL, such as http://app.example/cart");
  }
  return url;
}

/** 0 if it names none. */
function portOf(authority: string): number {
  return Number(/:(\d{1,5})$/.exec(authority)?.[1] ?? 0);
}

function textField(body: Body, name: string, otherwise: string): string {
  const value = body[name] ?? otherwise;
  if (typeof value !== "string") throw new QuestionError(`${name}: must be a text`);
  return value;
}

function booleanField(body: Body, name: string, otherwise: boolean): boolean {
  const value = body[name] ?? otherwise;
  if (typeof value !== "boolean") throw new QuestionError(`${name}: must be true or false`);
  return value;
}

function listField(body: Body, name: string): string[] {
  const value = body[name] ?? [];
  if (!Array.isArray(value) || !value.every((each) => typeof each === "string")) {
    throw new QuestionError(`${name}: must be a list of texts`);
  }
  return value;
}

function headersField(body: Body): (readonly [string, string])[] {
  const value = body.headers ?? {};
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new QuestionError('headers: must be an object, such as {"x-version": "2"}');
  }
  const fields: (readonly [string, string])[] = [];
  for (const [name, given] of Object.entries(value as Body)) {
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name))
      throw new QuestionError(`headers: "${name}" is no name of a header`);
    for (const each of Array.isArray(given) ? given : [given]) {
      if (typeof each !== "string" || /[\r\n\0]/.test(each)) {
        throw new QuestionError(`headers.${name}: must be a text without line ends, or a list of such`);
      }
      fields.push([name, wireText(each)]);
    }
  }
  if (fields.length > MAX_HEADERS) throw new QuestionError(`headers: at most ${MAX_HEADERS}`);
  return fields;
}

/** With a port, even if none is given. */
function sourceField(body: Body): string {
  const text = textField(body, "source", DEFAULT_SOURCE);
  const family = isIP(text);
  if (family !== 0) return family === 6 ? `[${text}]:50000` : `${text}:50000`;
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+)):(\d{1,5})$/.exec(text);
  if (match === null || isIP(match[1] ?? match[2] ?? "") === 0 || Number(match[3]) > 65_535) {
    throw new QuestionError("source: must be an IP address, or ip:port");
  }
  return text;
}

function randomField(body: Body): number {
  const value = body.random ?? 0;
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value >= 2 ** 32) {
    throw new QuestionError("random: must be a whole number from 0 to 4294967295");
  }
  return value;
}
