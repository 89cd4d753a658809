import { STATUS_CODES } from "node:http";

const STATUS_LIMIT = 1000;
const http11Lines: (string | undefined)[] = new Array(STATUS_LIMIT).fill(undefined);
const http10Lines: (string | undefined)[] = new Array(STATUS_LIMIT).fill(undefined);

/**
 * `HTTP/1.x <status> <reason>` with CRLF; made once for each status. A status without a name has the reason "Unknown", as
 * in Envoy; `reason` takes the place of the usual one. What is no status at all (a filter's mistake) is written as 500.
 */
export function statusLine(status: number, http10: boolean, reason = ""): string {
  if (reason !== "") return `HTTP/1.${http10 ? 0 : 1} ${status} ${reason}\r\n`;
  const lines = http10 ? http10Lines : http11Lines;
  const known = lines[status];
  if (known !== undefined) return known;
  if (!Number.isInteger(status) || status < 100 || status >= STATUS_LIMIT) return statusLine(500, http10);
  const line = `HTTP/1.${http10 ? 0 : 1} ${status} ${STATUS_CODES[status] ?? "Unknown"}\r\n`;
  lines[status] = line;
  return line;
}
