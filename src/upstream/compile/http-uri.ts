import type { CompileContext } from "../../config/compile-context.ts";
import { durationMs } from "../../config/duration-ms.ts";
import type { Place } from "../../config/place.ts";
import type { HttpUri } from "../../proto/gen/envoy/config/core/v3/http_uri_pb.js";
import type { HttpServiceData } from "../async/http-service-data.ts";

/** `[scheme://]authority[path]`, in characters that can stand in a request. */
const URI = /^(?:([a-z][a-z0-9+.-]*):\/\/)?([^/?#\s]+)((?:\/[\x21-\x7e]*)?)$/i;

/** An `HttpUri`. Says that its cluster must exist; `place` is the URI's. */
export function compileHttpUri(message: HttpUri | undefined, place: Place, context: CompileContext): HttpServiceData {
  const cluster = message?.httpUpstreamType.value ?? "";
  if (message === undefined) context.error(place, "a URI and a cluster are required");
  else context.requireResource("cluster", cluster, place.field("cluster"));
  const uri = message?.uri ?? "";
  const parts = URI.exec(uri);
  if (message !== undefined && (parts === null || uri.includes("#"))) {
    context.error(place.field("uri"), `${JSON.stringify(uri)} is no URI`, "http://service.example.com/path");
  }
  const [, scheme = "", authority = "", path = ""] = parts ?? [];
  return {
    cluster,
    scheme: scheme === "" ? "http" : scheme.toLowerCase(),
    authority,
    path: path === "" ? "/" : path,
    timeoutMs: durationMs(message?.timeout, 0),
  };
}
