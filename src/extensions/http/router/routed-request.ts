import type { StreamDecoderFilterCallbacks } from "../../../http/filter.ts";
import type { RequestHeaderMap } from "../../../http/header-map.ts";
import type { ForwardAction, Route } from "../../../route/route.ts";
import type { ThreadLocalCluster } from "../../../upstream/thread-local-cluster.ts";
import type { RouterRuntime } from "./router-runtime.ts";

/** One request, where it goes, and what the router has to get it there. */
export interface RoutedRequest {
  readonly runtime: RouterRuntime;
  readonly callbacks: StreamDecoderFilterCallbacks;
  readonly route: Route;
  /** The route's. */
  readonly action: ForwardAction;
  readonly cluster: ThreadLocalCluster;
  readonly headers: RequestHeaderMap;
}
