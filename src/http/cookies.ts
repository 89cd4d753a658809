import type { HeaderMap } from "./header-map.ts";

/** The value of a cookie of the request, without quotes around it; undefined if there is none. Source: RFC 6265, section 4.2.1. */
export function requestCookie(headers: HeaderMap, name: string): string | undefined {
  const list = headers.list;
  for (let i = 0; i < list.length; i += 2) {
    if (list[i] !== "cookie") continue;
    const value = cookieIn(list[i + 1]!, name);
    if (value !== undefined) return value;
  }
  return undefined;
}

function cookieIn(header: string, name: string): string | undefined {
  let start = 0;
  while (start < header.length) {
    let end = header.indexOf(";", start);
    if (end === -1) end = header.length;
    while (start < end && header.charCodeAt(start) <= 0x20) start++;
    const equals = start + name.length;
    if (equals < end && header.charCodeAt(equals) === 0x3d && header.startsWith(name, start)) {
      return unquoted(header.slice(equals + 1, end).trimEnd());
    }
    start = end + 1;
  }
  return undefined;
}

function unquoted(value: string): string {
  return value.length >= 2 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
}

/** What a `Set-Cookie` header says beside name and value. */
export interface SetCookieTraits {
  /** 0 = a session cookie. */
  readonly maxAgeS: number;
  /** `""` = none. */
  readonly path: string;
  /** Written behind the path, as they are. */
  readonly attributes: readonly { readonly name: string; readonly value: string }[];
}

/** The value of a `Set-Cookie` header that scripts can't read, written as Envoy's `makeSetCookieValue` does. */
export function setCookieValue(name: string, value: string, traits: SetCookieTraits): string {
  let text = `${name}="${value}"`;
  if (traits.maxAgeS !== 0) text += `; Max-Age=${traits.maxAgeS}`;
  if (traits.path !== "") text += `; Path=${traits.path}`;
  for (const attribute of traits.attributes) {
    text += attribute.value === "" ? `; ${attribute.name}` : `; ${attribute.name}=${attribute.value}`;
  }
  return `${text}; HttpOnly`;
}
