import { extensionConfig } from "../../../config/extension-config.ts";
import { noEffect, support, yes } from "../../../config/field-support.ts";
import { RouterSchema } from "../../../proto/gen/envoy/extensions/filters/http/router/v3/router_pb.js";
import type { RouterData } from "./router-runtime.ts";

/** `envoy.filters.http.router`, main side. */
export const routerConfig = extensionConfig({
  name: "envoy.filters.http.router",
  categories: ["envoy.filters.http"],
  schema: RouterSchema,
  support: [
    support(RouterSchema, {
      dynamic_stats: noEffect("the stats by response code are made when they are first counted"),
      start_child_span: noEffect("there is no tracing yet"),
      suppress_envoy_headers: yes,
    }),
  ],
  terminal: true,
  compile: (message): RouterData => ({ suppressEnvoyHeaders: message.suppressEnvoyHeaders }),
});
