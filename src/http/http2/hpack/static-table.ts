import { internHeaderName } from "../../header-map.ts";

/** The static table of header compression (RFC 7541 appendix A), `name` or `name: value`, from index 1 on. */
const ENTRIES = [
  ":authority|:method: GET|:method: POST|:path: /|:path: /index.html|:scheme: http|:scheme: https|:status: 200|:status: 204",
  ":status: 206|:status: 304|:status: 400|:status: 404|:status: 500|accept-charset|accept-encoding: gzip, deflate",
  "accept-language|accept-ranges|accept|access-control-allow-origin|age|allow|authorization|cache-control",
  "content-disposition|content-encoding|content-language|content-length|content-location|content-range|content-type|cookie",
  "date|etag|expect|expires|from|host|if-match|if-modified-since|if-none-match|if-range|if-unmodified-since|last-modified",
  "link|location|max-forwards|proxy-authenticate|proxy-authorization|range|referer|refresh|retry-after|server|set-cookie",
  "strict-transport-security|transfer-encoding|user-agent|vary|via|www-authenticate",
].flatMap((line) => line.split("|"));

/** Number of entries; the dynamic table begins behind them. */
export const STATIC_COUNT = ENTRIES.length;

/** Names by index (1 to `STATIC_COUNT`), interned; index 0 is no entry. */
export const STATIC_NAMES: readonly string[] = ["", ...ENTRIES.map((entry) => internHeaderName(partsOf(entry)[0]))];
/** Values by index; `""` where the table has none. */
export const STATIC_VALUES: readonly string[] = ["", ...ENTRIES.map((entry) => partsOf(entry)[1])];

/** The lowest index of each name. */
export const STATIC_INDEX: ReadonlyMap<string, number> = new Map(
  STATIC_NAMES.map((name, index) => [name, index] as const)
    .slice(1)
    .reverse(),
);

function partsOf(entry: string): [name: string, value: string] {
  const colon = entry.indexOf(": ");
  return colon === -1 ? [entry, ""] : [entry.slice(0, colon), entry.slice(colon + 2)];
}
