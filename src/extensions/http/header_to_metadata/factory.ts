import type { HttpFilterModule } from "../../extension-module.ts";
import { HeaderToMetadataFilter } from "./filter.ts";
import { MetadataRules, type MetadataRulesData } from "./metadata-rules.ts";

/** `envoy.filters.http.header_to_metadata`, worker side. */
export const httpFilter: HttpFilterModule = {
  createFactory(data) {
    const rules = new MetadataRules(data as MetadataRulesData);
    return { create: (chain) => chain.addFilter(new HeaderToMetadataFilter(rules)), dispose: () => {} };
  },
  createRouteConfig: (data) => new MetadataRules(data as MetadataRulesData),
};
