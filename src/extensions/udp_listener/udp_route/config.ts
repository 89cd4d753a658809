import { extensionConfig } from "../../../config/extension-config.ts";
import { supportAll } from "../../../config/field-support.ts";
import { RouteSchema } from "../../../proto/gen/envoy/extensions/filters/udp/udp_proxy/v3/route_pb.js";

/** The action of a matcher of `udp_proxy`; its data is the name of the cluster. */
export const udpRouteConfig = extensionConfig({
  name: "envoy.extensions.filters.udp.udp_proxy.v3.Route",
  categories: ["envoy.matching.udp_action"],
  schema: RouteSchema,
  configRequired: true,
  support: [supportAll(RouteSchema)],
  compile: ({ cluster }, place, context): string => {
    context.requireResource("cluster", cluster, place.field("cluster"));
    return cluster;
  },
});
