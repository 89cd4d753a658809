import type { FormatEnvironment } from "../../../http/format/format-context.ts";
import type { RequestHeaderMap, ResponseHeaderMap } from "../../../http/header-map.ts";
import type { StreamInfo } from "../../../http/stream-info.ts";
import { applyMutations, HeaderMutations, type HeaderMutationsData } from "../../../route/header-mutations.ts";

/** Envoy's `Mutations`, checked: single removals and additions in the order in which they are made. Plain data. */
export interface MutationsData {
  readonly request: readonly HeaderMutationsData[];
  readonly response: readonly HeaderMutationsData[];
}

/** The mutations of one place in the configuration, each made on what the one before it left. Immutable. */
export class MutationList {
  readonly #request: readonly HeaderMutations[];
  readonly #response: readonly HeaderMutations[];

  constructor(data: MutationsData, environment: FormatEnvironment) {
    this.#request = data.request.map((mutation) => new HeaderMutations(mutation, environment));
    this.#response = data.response.map((mutation) => new HeaderMutations(mutation, environment));
  }

  mutateRequest(headers: RequestHeaderMap, streamInfo: StreamInfo): void {
    applyMutations(this.#request, headers, headers, null, streamInfo);
  }

  mutateResponse(headers: ResponseHeaderMap, requestHeaders: RequestHeaderMap | null, streamInfo: StreamInfo): void {
    applyMutations(this.#response, headers, requestHeaders, headers, streamInfo);
  }
}
