import { type HeaderMap, internHeaderName } from "../../http/header-map.ts";
import type { CheckHeaderData } from "./health-check-data.ts";

/** Adds configured headers to the request of a check. */
export function addCheckHeaders(headers: HeaderMap, additions: readonly CheckHeaderData[]): void {
  for (const addition of additions) addHeader(headers, addition);
}

function addHeader(headers: HeaderMap, { name, value, action, keepEmptyValue }: CheckHeaderData): void {
  if (value === "" && !keepEmptyValue) return;
  const present = headers.has(name);
  if (action === "appendOrAdd") headers.add(internHeaderName(name), value);
  else if (action === "overwriteOrAdd" || present === (action === "overwriteIfExists")) {
    headers.set(internHeaderName(name), value);
  }
}
