import { type HeaderMap, internHeaderName, RequestHeaderMap, ResponseHeaderMap } from "../../../http/header-map.ts";
import type { ModuleHeaders } from "./contract.ts";

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const FORBIDDEN_IN_VALUE = /[\0\r\n]|[^\0-\xff]/;
/** Headers that frame the message or belong to one hop: the codec's business. */
const FRAMING = new Set(["content-length", "transfer-encoding", "connection", "upgrade", "keep-alive", "te"]);

/** A module's view of headers: checks what it writes, so that no module can break a message apart. */
export class CheckedHeaders implements ModuleHeaders {
  readonly #headers: HeaderMap;

  constructor(headers: HeaderMap) {
    this.#headers = headers;
  }

  get(name: string): string | undefined {
    const lower = name.toLowerCase();
    const headers = this.#headers;
    if (headers instanceof RequestHeaderMap || headers instanceof ResponseHeaderMap) return headers.lookup(lower);
    return headers.getJoined(lower);
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  set(name: string, value: string): void {
    const text = checkedValue(name, value);
    if (name.startsWith(":") || name.toLowerCase() === "host") this.#setPseudo(name.toLowerCase(), text);
    else this.#headers.set(checkedName(name), text);
  }

  append(name: string, value: string): void {
    this.#headers.add(checkedName(name), checkedValue(name, value));
  }

  remove(name: string): void {
    this.#headers.remove(checkedName(name));
  }

  *entries(): IterableIterator<[string, string]> {
    const list = this.#headers.list;
    for (let i = 0; i < list.length; i += 2) yield [list[i]!, list[i + 1]!];
  }

  #setPseudo(name: string, value: string): void {
    const headers = this.#headers;
    if (headers instanceof RequestHeaderMap) {
      if (value.includes(" ")) throw new TypeError(`${name} must not hold a space`);
      if (name === ":path" && value.startsWith("/")) headers.path = value;
      else if (name === ":method" && TOKEN.test(value)) headers.method = value;
      else if (name === ":authority" || name === "host") headers.authority = value;
      else throw new TypeError(`${name} can't be set to "${value}"`);
      return;
    }
    throw new TypeError(`${name} can't be set; a response's status is stream.status`);
  }
}

function checkedName(name: string): string {
  if (!TOKEN.test(name)) throw new TypeError(`"${name}" is no header name`);
  const lower = internHeaderName(name);
  if (FRAMING.has(lower)) throw new TypeError(`${lower} is set by the proxy`);
  return lower;
}

function checkedValue(name: string, value: string): string {
  const text = String(value);
  if (FORBIDDEN_IN_VALUE.test(text)) throw new TypeError(`the value of ${name} holds a character that no header can`);
  return text.trim();
}
