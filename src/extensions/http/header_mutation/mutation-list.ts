import type { FormatContext, FormatEnvironment } from "../../../http/format/format-context.ts";
import type { HeaderMap, RequestHeaderMap, ResponseHeaderMap } from "../../../http/header-map.ts";
import type { StreamInfo } from "../../../http/stream-info.ts";
import { HeaderMutations, type HeaderMutationsData } from "../../../route/header-mutations.ts";

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
    apply(this.#request, headers, headers, null, streamInfo);
  }

  mutateResponse(headers: ResponseHeaderMap, requestHeaders: RequestHeaderMap | null, streamInfo: StreamInfo): void {
    apply(this.#response, headers, requestHeaders, headers, streamInfo);
  }
}

function apply(
  mutations: readonly HeaderMutations[],
  headers: HeaderMap,
  requestHeaders: RequestHeaderMap | null,
  responseHeaders: ResponseHeaderMap | null,
  streamInfo: StreamInfo,
): void {
  if (mutations.length === 0) return;
  const context: FormatContext = {
    requestHeaders,
    responseHeaders,
    responseTrailers: null,
    streamInfo,
    accessLogType: "NotSet",
  };
  for (const mutation of mutations) mutation.apply(headers, context);
}
