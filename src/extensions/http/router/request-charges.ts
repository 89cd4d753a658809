import type { ResponseHeaderMap } from "../../../http/header-map.ts";
import type { Host } from "../../../upstream/host.ts";
import type { ResponseTraits } from "../../../upstream/response-stats.ts";
import type { ThreadLocalCluster } from "../../../upstream/thread-local-cluster.ts";
import { responseTraits } from "./response-traits.ts";

/** Counts what becomes of one request, in the statistics of its cluster. Source: Envoy's `Router::Filter::chargeUpstreamCode`. */
export class RequestCharges {
  readonly #cluster: ThreadLocalCluster;
  #traits: ResponseTraits;

  /** `internal`: the request came from a trusted internal peer. */
  constructor(cluster: ThreadLocalCluster, internal: boolean) {
    this.#cluster = cluster;
    this.#traits = responseTraits(internal, false);
  }

  /** The response that the client gets comes from this host. */
  response(headers: ResponseHeaderMap, host: Host): void {
    if (headers.status >= 500) host.stats.rqError++;
    else host.stats.rqSuccess++;
    if (host.canary || headers.get("x-envoy-upstream-canary") === "true") {
      this.#traits = responseTraits(this.#traits.internal, true);
    }
    this.status(headers.status);
  }

  /** An answer of the proxy itself, or an attempt that failed with others still under way. */
  status(status: number): void {
    this.#cluster.info.stats.responses.chargeResponse(status, this.#traits);
  }

  /** A response was dropped for a retry. */
  retried(status: number, host: Host): void {
    host.stats.rqError++;
    this.#cluster.info.stats.responses.chargeRetriedResponse(status);
  }

  /** From the whole request to the whole response. */
  time(durationMs: number): void {
    this.#cluster.info.stats.responses.chargeTime(durationMs, this.#traits);
  }
}
