import type { TestContext } from "node:test";
import { clusterRoute } from "../../../harness/sample-bootstrap.ts";
import { Proxied, type ProxiedOptions } from "../proxied.ts";

const FILTERS = "type.googleapis.com/envoy.extensions.filters.http";

/** `typed_config` of a message in the package of an HTTP filter. */
export function typed(filter: string, message: string, fields: object = {}): object {
  return { "@type": `${FILTERS}.${filter}.v3.${message}`, ...fields };
}

/** One HTTP filter, under its short name, with the router behind it. */
export function filterChain(filter: string, message: string, fields: object = {}): object[] {
  return [
    { name: filter, typed_config: typed(filter, message, fields) },
    { name: "envoy.filters.http.router", typed_config: typed("router", "Router") },
  ];
}

/** A data path with this filter before the router. */
export function filtered(
  test: TestContext,
  filter: string,
  message: string,
  fields: object = {},
  options: ProxiedOptions = {},
): Promise<Proxied> {
  const manager = { http_filters: filterChain(filter, message, fields), ...options.manager };
  return Proxied.start(test, { script: (exchange) => exchange.respond({ body: "up" }), ...options, manager });
}

/** A route to `app` for `prefix` with a setting of the filter. */
export function routeWith(prefix: string, filter: string, message: string, fields: object = {}): object {
  return {
    ...clusterRoute("app", prefix),
    typed_per_filter_config: { [filter]: typed(filter, message, fields) },
  };
}
