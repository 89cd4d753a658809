import type { Clock } from "../../../base/clock.ts";
import type { RequestHeaderMap, ResponseHeaderMap } from "../../../http/header-map.ts";
import type { HcmData } from "./hcm-data.ts";
import { takeHopByHopHeaders } from "./hop-by-hop.ts";

/** The value of the `date` header, made once a second (RFC 9110 §5.6.7). One per worker. */
export class DateHeader {
  readonly #clock: Clock;
  #second = -1;
  #text = "";

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The present second in IMF-fixdate form. */
  value(): string {
    const second = Math.floor(this.#clock.wallMs() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#text = new Date(second * 1000).toUTCString();
    }
    return this.#text;
  }
}

/**
 * What the connection manager does to the headers of each response but 1xx ones: hop-by-hop headers go, `server`, `date`
 * (unless upstream has set one), `via` and the request id come. Source: Envoy's `ConnectionManagerUtility::mutateResponseHeaders` and
 * `ConnectionManagerImpl::ActiveStream::encodeHeaders`.
 */
export function mutateResponseHeaders(
  headers: ResponseHeaderMap,
  request: RequestHeaderMap | null,
  data: HcmData,
  date: DateHeader,
): void {
  takeHopByHopHeaders(headers);
  if (data.serverHeaderTransformation === "overwrite") headers.set("server", data.serverName);
  else if (data.serverHeaderTransformation === "appendIfAbsent" && !headers.has("server")) {
    headers.add("server", data.serverName);
  }
  if (!headers.has("date")) headers.add("date", date.value());
  if (data.via !== "") headers.append("via", data.via, ", ");
  if (data.alwaysSetRequestIdInResponse && request !== null) {
    const id = request.get("x-request-id");
    if (id !== undefined) headers.set("x-request-id", id);
  }
}
