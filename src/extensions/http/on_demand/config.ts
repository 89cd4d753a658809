import { extensionConfig } from "../../../config/extension-config.ts";
import { notYet, support } from "../../../config/field-support.ts";
import {
  OnDemandSchema,
  PerRouteConfigSchema,
} from "../../../proto/gen/envoy/extensions/filters/http/on_demand/v3/on_demand_pb.js";

const NO_ODCDS = notYet("clusters come with the configuration, not on demand");

/** `envoy.filters.http.on_demand`, main side. Nothing is fetched on demand, so that it has nothing to do. */
export const onDemandConfig = extensionConfig({
  name: "envoy.filters.http.on_demand",
  categories: ["envoy.filters.http"],
  schema: OnDemandSchema,
  routeSchema: PerRouteConfigSchema,
  support: [support(OnDemandSchema, { odcds: NO_ODCDS }), support(PerRouteConfigSchema, { odcds: NO_ODCDS })],
  compile: () => null,
  compileRoute: () => null,
});
