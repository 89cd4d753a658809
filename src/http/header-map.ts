import type { HeaderNameFormat } from "./header-name-format.ts";

/**
 * Header fields in the order they arrived, as a flat array `[name, value, name, value, …]`.
 *
 * Names are lower case and interned (`internHeaderName`), so that comparing two of them is comparing pointers.
 * Values are latin1 strings without surrounding white space. A map belongs to one stream on one worker; whoever holds
 * it may change it. Pseudo-headers are not in the list: see `RequestHeaderMap` and `ResponseHeaderMap`.
 */
export class HeaderMap {
  /** The fields. Hot loops walk it directly, two by two; everyone else uses the methods. */
  readonly list: string[];
  /** How the HTTP/1 codec writes the names; null = as the codec is set. */
  nameFormat: HeaderNameFormat | null = null;

  constructor(list: string[] = []) {
    this.list = list;
  }

  /** Number of fields (not of distinct names). */
  get count(): number {
    return this.list.length / 2;
  }

  /** Value of the first field called `name` (lower case), or undefined. */
  get(name: string): string | undefined {
    const list = this.list;
    for (let i = 0; i < list.length; i += 2) if (list[i] === name) return list[i + 1];
    return undefined;
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  /** Values of all fields called `name`, in order. */
  getAll(name: string): string[] {
    const values: string[] = [];
    const list = this.list;
    for (let i = 0; i < list.length; i += 2) if (list[i] === name) values.push(list[i + 1]!);
    return values;
  }

  /** All values of `name` joined by `,`, as Envoy's matchers see a repeated header; undefined if there is none. */
  getJoined(name: string): string | undefined {
    let joined: string | undefined;
    const list = this.list;
    for (let i = 0; i < list.length; i += 2) {
      if (list[i] === name) joined = joined === undefined ? list[i + 1] : `${joined},${list[i + 1]}`;
    }
    return joined;
  }

  /** Adds a field at the end, whether or not the name is there already. */
  add(name: string, value: string): void {
    this.list.push(name, value);
  }

  /** Makes `value` the only field called `name`: replaces the first in place, drops the others. */
  set(name: string, value: string): void {
    const list = this.list;
    for (let i = 0; i < list.length; i += 2) {
      if (list[i] === name) {
        list[i + 1] = value;
        this.#removeFrom(i + 2, name);
        return;
      }
    }
    list.push(name, value);
  }

  /**
   * Makes `value` the last of the list in the fields called `name`, with `separator` before it, or adds it. Several such fields
   * become one, so that the last entry is `value` for everyone, however they read the rest.
   */
  append(name: string, value: string, separator = ","): void {
    const list = this.list;
    for (let i = 0; i < list.length; i += 2) {
      if (list[i] !== name) continue;
      let joined = list[i + 1]!;
      for (let j = i + 2; j < list.length; j += 2) {
        if (list[j] === name) joined = joined === "" ? list[j + 1]! : `${joined}${separator}${list[j + 1]}`;
      }
      list[i + 1] = joined === "" ? value : `${joined}${separator}${value}`;
      this.#removeFrom(i + 2, name);
      return;
    }
    list.push(name, value);
  }

  /** Removes all fields called `name`; answers how many there were. */
  remove(name: string): number {
    return this.#removeFrom(0, name);
  }

  /** Removes all fields whose name passes `test`; answers how many there were. */
  removeWhere(test: (name: string) => boolean): number {
    const list = this.list;
    let kept = 0;
    for (let i = 0; i < list.length; i += 2) {
      if (test(list[i]!)) continue;
      list[kept] = list[i]!;
      list[kept + 1] = list[i + 1]!;
      kept += 2;
    }
    const removed = (list.length - kept) / 2;
    list.length = kept;
    return removed;
  }

  /** Size as Envoy counts it: bytes of all names and values. */
  byteSize(): number {
    let size = 0;
    for (const part of this.list) size += part.length;
    return size;
  }

  #removeFrom(start: number, name: string): number {
    const list = this.list;
    let i = start;
    // Nothing to remove is the usual case, and must not write to the array.
    while (i < list.length && list[i] !== name) i += 2;
    if (i >= list.length) return 0;
    let kept = i;
    for (; i < list.length; i += 2) {
      if (list[i] === name) continue;
      list[kept] = list[i]!;
      list[kept + 1] = list[i + 1]!;
      kept += 2;
    }
    const removed = (list.length - kept) / 2;
    list.length = kept;
    return removed;
  }
}

/** Headers of a request. `:authority` stands for the HTTP/1 `host` header, which is never in the list. */
export class RequestHeaderMap extends HeaderMap {
  /** `:method`, as received; methods are case-sensitive. */
  method = "";
  /** `:path` with query. Empty only for CONNECT. */
  path = "";
  /** `:authority`; empty if the request had none (HTTP/1.0). */
  authority = "";
  /** `:scheme`; empty until the connection manager sets it. */
  scheme = "";
  /** `:protocol` of an extended CONNECT, or the accepted `upgrade` token; empty otherwise. */
  protocol = "";

  /** Value of a header or pseudo-header (`:method`, `:path`, `:authority`, `host`, `:scheme`), joined if repeated. */
  lookup(name: string): string | undefined {
    switch (name) {
      case ":method":
        return this.method;
      case ":path":
        return this.path === "" ? undefined : this.path;
      case ":authority":
      case "host":
        return this.authority === "" ? undefined : this.authority;
      case ":scheme":
        return this.scheme === "" ? undefined : this.scheme;
      case ":protocol":
        return this.protocol === "" ? undefined : this.protocol;
      default:
        return this.getJoined(name);
    }
  }

  /** A copy that can be changed on its own; used for retries and mirrors. */
  clone(): RequestHeaderMap {
    const copy = new RequestHeaderMap(this.list.slice());
    copy.method = this.method;
    copy.path = this.path;
    copy.authority = this.authority;
    copy.scheme = this.scheme;
    copy.protocol = this.protocol;
    copy.nameFormat = this.nameFormat;
    return copy;
  }
}

/** Headers of a response; `status` is `:status`, 100–599 on the wire, 0 until it is set. */
export class ResponseHeaderMap extends HeaderMap {
  status: number;

  constructor(status = 0, list: string[] = []) {
    super(list);
    this.status = status;
  }

  /** Value of a header or of `:status`, joined if repeated. */
  lookup(name: string): string | undefined {
    return name === ":status" ? String(this.status) : this.getJoined(name);
  }
}

/** Trailers of a request or a response. */
export class TrailerMap extends HeaderMap {
  lookup(name: string): string | undefined {
    return this.getJoined(name);
  }
}

/** Names kept for ever. Bounded: a name that does not fit is used as it is, only more slowly. */
const INTERNED_LIMIT = 4096;
const LONGEST_INTERNED = 64;
const interned = new Map<string, string>();

/**
 * The one string object for a header name, in lower case. `rawName` may have any case and must be a valid token.
 * Never throws; `__proto__` and the like are ordinary names here.
 */
export function internHeaderName(rawName: string): string {
  const known = interned.get(rawName);
  if (known !== undefined) return known;
  const lower = rawName.toLowerCase();
  if (rawName.length > LONGEST_INTERNED || interned.size >= INTERNED_LIMIT) return interned.get(lower) ?? lower;
  const canonical = interned.get(lower) ?? lower;
  interned.set(canonical, canonical);
  interned.set(rawName, canonical);
  return canonical;
}
