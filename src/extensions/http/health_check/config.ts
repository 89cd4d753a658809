import type { CompileContext } from "../../../config/compile-context.ts";
import { durationMs } from "../../../config/duration-ms.ts";
import { extensionConfig } from "../../../config/extension-config.ts";
import { supportAll } from "../../../config/field-support.ts";
import type { Place } from "../../../config/place.ts";
import {
  type HealthCheck,
  HealthCheckSchema,
} from "../../../proto/gen/envoy/extensions/filters/http/health_check/v3/health_check_pb.js";
import { PercentSchema } from "../../../proto/gen/envoy/type/v3/percent_pb.js";
import { compileHeaderMatcher, matcherSupport } from "../../../route/compile/matchers.ts";
import type { HealthCheckFilterData } from "./health-check-filter-data.ts";

/** `envoy.filters.http.health_check`, main side. */
export const healthCheckConfig = extensionConfig({
  name: "envoy.filters.http.health_check",
  categories: ["envoy.filters.http"],
  schema: HealthCheckSchema,
  configRequired: true,
  support: [supportAll(HealthCheckSchema), supportAll(PercentSchema), ...matcherSupport],
  compile: compileFilter,
});

function compileFilter(message: HealthCheck, place: Place, context: CompileContext): HealthCheckFilterData {
  const passThrough = message.passThroughMode ?? false;
  const cacheMs = durationMs(message.cacheTime, 0);
  if (!passThrough && cacheMs > 0) {
    const text = "only answers of upstreams are cached, and without pass_through_mode there are none";
    context.error(place.field("cache_time"), text, "leave it out, or set pass_through_mode");
  }
  return {
    passThrough,
    cacheMs,
    cache: passThrough && cacheMs > 0 ? context.addResource("sharedValue", "health_check", null) : "",
    headers: message.headers.map((matcher, at) =>
      compileHeaderMatcher(matcher, place.field("headers").index(at), context),
    ),
    minHealthyPercentages: Object.entries(message.clusterMinHealthyPercentages).map(([cluster, { value }]) => ({
      cluster,
      percent: Math.trunc(value),
    })),
    localCluster: context.facts.nodeCluster,
  };
}
