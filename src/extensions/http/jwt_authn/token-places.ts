import { requestCookie } from "../../../http/cookies.ts";
import type { RequestHeaderMap } from "../../../http/header-map.ts";
import { queryParameter } from "../../../match/query-parameter-matcher.ts";
import type { TokenPlacesData } from "./jwt-data.ts";

/** A token as it stands in a request. */
export interface FoundToken {
  readonly text: string;
  /** Takes it out of the request. Cookies stay, as in Envoy. */
  remove(headers: RequestHeaderMap): void;
}

/** The first run of characters that tokens are made of. */
const TOKEN = /[A-Za-z0-9_.-]+/;

/** All tokens in these places of a request, in Envoy's order: headers, query parameters, cookies. */
export function findTokens(headers: RequestHeaderMap, places: TokenPlacesData): FoundToken[] {
  const found: FoundToken[] = [];
  for (const { name, prefix } of places.headers) {
    for (const value of headers.getAll(name)) {
      const at = value.indexOf(prefix);
      if (at === -1) continue;
      const text = TOKEN.exec(value.slice(at + prefix.length))?.[0] ?? "";
      found.push({ text, remove: (map) => void map.remove(name) });
    }
  }
  for (const name of places.params) {
    const text = queryParameter(headers.path, name);
    if (text !== undefined) found.push({ text, remove: (map) => removeParameter(map, name) });
  }
  for (const name of places.cookies) {
    const text = requestCookie(headers, name);
    if (text !== undefined && text !== "") found.push({ text, remove: () => {} });
  }
  return found;
}

function removeParameter(headers: RequestHeaderMap, name: string): void {
  const { path } = headers;
  const start = path.indexOf("?");
  if (start === -1) return;
  const kept = path
    .slice(start + 1)
    .split("&")
    .filter((pair) => pair !== name && !pair.startsWith(`${name}=`));
  headers.path = kept.length === 0 ? path.slice(0, start) : `${path.slice(0, start)}?${kept.join("&")}`;
}
