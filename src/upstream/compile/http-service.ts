import type { CompileContext } from "../../config/compile-context.ts";
import { type FieldSupport, notYet, only, support, supportAll, within, yes } from "../../config/field-support.ts";
import type { Place } from "../../config/place.ts";
import { HeaderValueOptionSchema, HeaderValueSchema } from "../../proto/gen/envoy/config/core/v3/base_pb.js";
import { type HttpService, HttpServiceSchema } from "../../proto/gen/envoy/config/core/v3/http_service_pb.js";
import { HttpUriSchema } from "../../proto/gen/envoy/config/core/v3/http_uri_pb.js";
import { compileMutableHeaderName } from "../../route/compile/header-name.ts";
import type { HttpServiceRequestData } from "../async/http-service-request.ts";
import { compileHttpUri } from "./http-uri.ts";

/** An `HttpService` field whose requests go by `AsyncClient`. */
export const HTTP_SERVICE: FieldSupport = within(
  supportAll(HttpServiceSchema),
  supportAll(HttpUriSchema),
  support(HeaderValueOptionSchema, {
    header: yes,
    append_action: only(["APPEND_IF_EXISTS_OR_ADD", "OVERWRITE_IF_EXISTS_OR_ADD"]),
  }),
  supportAll(HeaderValueSchema, { raw_value: notYet("binary values are not sent yet") }),
);

/** An HTTP service. Says that its cluster must exist; `place` is the service's. */
export function compileHttpService(
  service: HttpService,
  place: Place,
  context: CompileContext,
): HttpServiceRequestData {
  const headers = place.field("request_headers_to_add");
  return {
    ...compileHttpUri(service.httpUri, place.field("http_uri"), context),
    headers: service.requestHeadersToAdd.map(({ header }, i) => {
      const value = header?.value ?? "";
      const place = headers.index(i).field("header");
      if (value.includes("%")) context.unsupported(place.field("value"), "values with % are not filled in yet");
      return [compileMutableHeaderName(header?.key ?? "", place.field("key"), context), value] as const;
    }),
  };
}
