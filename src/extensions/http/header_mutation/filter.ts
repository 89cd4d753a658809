import { FilterHeadersStatus, type StreamFilterCallbacks } from "../../../http/filter.ts";
import type { RequestHeaderMap, ResponseHeaderMap } from "../../../http/header-map.ts";
import { PassThroughFilter } from "../../../http/pass-through-filter.ts";
import type { MutationList, MutationsData } from "./mutation-list.ts";

/** Envoy's `HeaderMutation` filter, checked. Plain data. */
export interface HeaderMutationData {
  readonly mutations: MutationsData;
  /** Of the route's levels, the most specific is applied last, and so wins; otherwise the most general. */
  readonly mostSpecificWins: boolean;
}

/** What the streams of one configured filter on one worker share. */
export interface HeaderMutationRuntime {
  readonly mutations: MutationList;
  readonly mostSpecificWins: boolean;
}

/**
 * Changes the headers of requests and responses: first as the filter says, then as each level of the route does. The route
 * is the one that the request had when it came by. Source: Envoy's `HeaderMutation` filter.
 */
export class HeaderMutationFilter extends PassThroughFilter {
  readonly #runtime: HeaderMutationRuntime;
  /** Of the route's levels, the most general first. Null until the first headers came by. */
  #ofRoute: readonly unknown[] | null = null;

  constructor(runtime: HeaderMutationRuntime) {
    super();
    this.#runtime = runtime;
  }

  override decodeHeaders(headers: RequestHeaderMap): FilterHeadersStatus {
    const { streamInfo } = this.decoder;
    this.#runtime.mutations.mutateRequest(headers, streamInfo);
    const levels = this.#levels(this.decoder);
    for (let i = 0; i < levels.length; i++) this.#level(levels, i).mutateRequest(headers, streamInfo);
    return FilterHeadersStatus.continue;
  }

  override encodeHeaders(headers: ResponseHeaderMap): FilterHeadersStatus {
    const { streamInfo } = this.encoder;
    const request = this.encoder.requestHeaders();
    this.#runtime.mutations.mutateResponse(headers, request, streamInfo);
    const levels = this.#levels(this.encoder);
    for (let i = 0; i < levels.length; i++) this.#level(levels, i).mutateResponse(headers, request, streamInfo);
    return FilterHeadersStatus.continue;
  }

  #levels(callbacks: StreamFilterCallbacks): readonly unknown[] {
    this.#ofRoute ??= callbacks.perFilterConfigs();
    return this.#ofRoute;
  }

  /** The level to apply as number `i`. */
  #level(levels: readonly unknown[], i: number): MutationList {
    const at = this.#runtime.mostSpecificWins ? i : levels.length - 1 - i;
    return levels[at] as MutationList;
  }
}
