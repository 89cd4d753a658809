import { FilterHeadersStatus } from "../../../http/filter.ts";
import type { RequestHeaderMap, ResponseHeaderMap } from "../../../http/header-map.ts";
import { PassThroughFilter } from "../../../http/pass-through-filter.ts";
import type { SessionState } from "../../stateful_session/session-state.ts";

/** The settings of a filter or route, made ready for use. */
export interface Sessions {
  readonly state: SessionState | null;
  readonly strict: boolean;
}

/** There are no sessions. */
export const NO_SESSIONS: Sessions = { state: null, strict: false };

/**
 * Sends the requests of a session to the host that the first of them went to, past the load balancer, and tells the client which one that
 * is. If that host is gone or unhealthy, another one takes over, or with `strict` the answer is 503. Source: Envoy's `StatefulSession`.
 */
export class StatefulSessionFilter extends PassThroughFilter {
  readonly #sessions: Sessions;
  #state: SessionState | null = null;
  #host: string | undefined;

  constructor(sessions: Sessions) {
    super();
    this.#sessions = sessions;
  }

  override decodeHeaders(headers: RequestHeaderMap): FilterHeadersStatus {
    const { state, strict } = (this.decoder.perFilterConfig() as Sessions | undefined) ?? this.#sessions;
    if (state === null || !state.appliesTo(headers)) return FilterHeadersStatus.continue;
    this.#state = state;
    this.#host = state.hostOf(headers);
    if (this.#host !== undefined) this.decoder.streamInfo.upstreamOverrideHost = { address: this.#host, strict };
    return FilterHeadersStatus.continue;
  }

  override encodeHeaders(headers: ResponseHeaderMap): FilterHeadersStatus {
    const address = this.encoder.streamInfo.upstream?.hostAddress ?? "";
    if (this.#state !== null && address !== "" && address !== this.#host) this.#state.tell(headers, address);
    return FilterHeadersStatus.continue;
  }
}
