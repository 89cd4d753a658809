import {
  type BodyData,
  FilterDataStatus,
  FilterHeadersStatus,
  FilterTrailersStatus,
  type StreamDecoderFilter,
  type StreamDecoderFilterCallbacks,
} from "../../../http/filter.ts";
import type { RequestHeaderMap, TrailerMap } from "../../../http/header-map.ts";
import { ResponseFlag } from "../../../http/stream-info.ts";
import type { DirectResponseAction, ForwardAction, RedirectAction, Route } from "../../../route/route.ts";
import type { DropOverloadData } from "../../../upstream/cluster-data.ts";
import type { ThreadLocalCluster } from "../../../upstream/thread-local-cluster.ts";
import { dropOverload } from "./drop-overload.ts";
import { Forwarding } from "./forwarding.ts";
import { responseTraits } from "./response-traits.ts";
import { routeReply } from "./route-reply.ts";
import type { RouterRuntime } from "./router-runtime.ts";
import { checkStrictHeaders } from "./strict-headers.ts";

/**
 * The terminal HTTP filter: has the request forwarded to the route's cluster, or answers it itself. Source: Envoy's
 * `Router::Filter`.
 */
export class Router implements StreamDecoderFilter {
  private readonly runtime: RouterRuntime;
  private callbacks!: StreamDecoderFilterCallbacks;
  /** Null if the request goes nowhere. */
  private forwarding: Forwarding | null = null;

  constructor(runtime: RouterRuntime) {
    this.runtime = runtime;
  }

  setDecoderFilterCallbacks(callbacks: StreamDecoderFilterCallbacks): void {
    this.callbacks = callbacks;
  }

  decodeHeaders(headers: RequestHeaderMap, endStream: boolean): FilterHeadersStatus {
    this.runtime.stats.rqTotal.inc();
    // What stands behind a stream's route is always one of src/route.
    const route = this.callbacks.route() as Route | null;
    if (route === null) return this.#refuse(ResponseFlag.NR, 404, "route_not_found");
    const action = route.action;
    switch (action.type) {
      case "forward":
        return this.#forward(route, action, headers, endStream);
      case "redirect":
        this.runtime.stats.rqRedirect.inc();
        return this.#answer(route, action, headers);
      case "directResponse":
        this.runtime.stats.rqDirectResponse.inc();
        return this.#answer(route, action, headers);
      case "nonForwarding":
        return this.#refuse(ResponseFlag.NR, 404, "route_not_found");
    }
  }

  decodeData(data: BodyData, endStream: boolean): FilterDataStatus {
    this.forwarding?.sendData(data.bytes, endStream);
    return FilterDataStatus.stopIterationNoBuffer;
  }

  decodeTrailers(trailers: TrailerMap): FilterTrailersStatus {
    this.forwarding?.sendTrailers(trailers);
    return FilterTrailersStatus.stopIteration;
  }

  onDestroy(): void {
    this.forwarding?.cancel();
    this.forwarding = null;
  }

  #forward(route: Route, action: ForwardAction, headers: RequestHeaderMap, endStream: boolean): FilterHeadersStatus {
    const name = action.clusterName(headers);
    const cluster = this.runtime.clusters.get(name);
    if (cluster === undefined) {
      this.callbacks.streamInfo.failureNote = name;
      return this.#refuse(ResponseFlag.NC, action.settings.clusterNotFoundStatus, "cluster_not_found");
    }
    const { strictHeaders } = this.runtime.data;
    const malformed = strictHeaders.length === 0 ? null : checkStrictHeaders(strictHeaders, headers);
    if (malformed !== null) {
      this.callbacks.streamInfo.setResponseFlag(ResponseFlag.IH);
      this.callbacks.sendLocalReply(malformed);
      return FilterHeadersStatus.stopIteration;
    }
    if (cluster.dropOverload !== null && this.#drops(cluster, cluster.dropOverload, headers)) {
      return FilterHeadersStatus.stopIteration;
    }
    const { runtime, callbacks } = this;
    this.forwarding = new Forwarding({ runtime, callbacks, route, action, cluster, headers });
    this.forwarding.start(endStream);
    return FilterHeadersStatus.stopIteration;
  }

  /** Whether the cluster is overloaded and this request is one that it does not get: it is answered then. */
  #drops(cluster: ThreadLocalCluster, data: DropOverloadData, headers: RequestHeaderMap): boolean {
    const { runtime, callbacks } = this;
    const dropped = dropOverload(data, runtime.random, runtime.data.suppressEnvoyHeaders);
    if (dropped === null) return false;
    const { stats } = cluster.info;
    stats.rq.dropOverload.inc();
    stats.responses.chargeResponse(503, responseTraits(headers.get("x-envoy-internal") === "true", false));
    callbacks.streamInfo.setResponseFlag(dropped.flag);
    callbacks.sendLocalReply(dropped.reply);
    return true;
  }

  #refuse(flag: ResponseFlag, status: number, details: string): FilterHeadersStatus {
    if (flag === ResponseFlag.NC) this.runtime.stats.noCluster.inc();
    else this.runtime.stats.noRoute.inc();
    this.callbacks.streamInfo.setResponseFlag(flag);
    this.callbacks.sendLocalReply({ status, body: "", details });
    return FilterHeadersStatus.stopIteration;
  }

  #answer(route: Route, action: RedirectAction | DirectResponseAction, headers: RequestHeaderMap): FilterHeadersStatus {
    this.callbacks.sendLocalReply(routeReply(route, action, headers, this.callbacks.streamInfo));
    return FilterHeadersStatus.stopIteration;
  }
}
