import { internHeaderName, RequestHeaderMap } from "../../http/header-map.ts";
import type { HttpServiceData } from "./http-service-data.ts";

/** Envoy's `HttpService`, checked: where to send something, and with which headers. Plain data. */
export interface HttpServiceRequestData extends HttpServiceData {
  /** Headers to send each time, by name and value. */
  readonly headers: readonly (readonly [string, string])[];
}

/** The headers of a POST to a service. */
export function httpServiceHeaders(service: HttpServiceRequestData, contentType: string): RequestHeaderMap {
  const headers = new RequestHeaderMap();
  headers.method = "POST";
  headers.scheme = service.scheme;
  headers.authority = service.authority;
  headers.path = service.path;
  headers.add("content-type", contentType);
  for (const [name, value] of service.headers) headers.set(internHeaderName(name), value);
  return headers;
}
