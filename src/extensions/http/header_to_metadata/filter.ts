import { FilterHeadersStatus } from "../../../http/filter.ts";
import type { RequestHeaderMap, ResponseHeaderMap } from "../../../http/header-map.ts";
import { PassThroughFilter } from "../../../http/pass-through-filter.ts";
import type { MetadataRules } from "./metadata-rules.ts";

/**
 * Copies headers and cookies into the stream's metadata. A route's rules take the place of the filter's. Source: Envoy's
 * `HeaderToMetadataFilter`.
 */
export class HeaderToMetadataFilter extends PassThroughFilter {
  #rules: MetadataRules;
  #isOfRoute = false;

  constructor(rules: MetadataRules) {
    super();
    this.#rules = rules;
  }

  override decodeHeaders(headers: RequestHeaderMap): FilterHeadersStatus {
    this.#lookAtRoute();
    this.#rules.applyRequest(headers, this.decoder.streamInfo);
    return FilterHeadersStatus.continue;
  }

  override encodeHeaders(headers: ResponseHeaderMap): FilterHeadersStatus {
    this.#lookAtRoute();
    this.#rules.applyResponse(headers, this.encoder.streamInfo);
    return FilterHeadersStatus.continue;
  }

  /** Once: the route may change while the request goes on. */
  #lookAtRoute(): void {
    if (this.#isOfRoute) return;
    this.#isOfRoute = true;
    this.#rules = (this.decoder.perFilterConfig() as MetadataRules | undefined) ?? this.#rules;
  }
}
