import type { LocalReply } from "../../../http/filter.ts";
import type { RequestHeaderMap, ResponseHeaderMap } from "../../../http/header-map.ts";
import type { StreamInfo } from "../../../http/stream-info.ts";
import type { DirectResponseAction, RedirectAction, Route } from "../../../route/route.ts";

/** The answer of a route that does not forward, with the route's response headers. */
export function routeReply(
  route: Route,
  action: RedirectAction | DirectResponseAction,
  request: RequestHeaderMap,
  streamInfo: StreamInfo,
): LocalReply {
  const isRedirect = action.type === "redirect";
  const location = isRedirect ? action.location(request) : "";
  return {
    status: action.status,
    body: isRedirect ? "" : action.body.toString("utf8"),
    details: "direct_response",
    modifyHeaders: (headers: ResponseHeaderMap) => {
      if (isRedirect) headers.add("location", location);
      route.finalizeResponseHeaders(headers, request, streamInfo);
    },
  };
}
