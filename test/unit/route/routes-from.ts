import { createRegistry, fromJson, type JsonObject } from "@bufbuild/protobuf";
import { StringValueSchema } from "@bufbuild/protobuf/wkt";
import { Place } from "../../../src/config/place.ts";
import type { RequestHeaderMap } from "../../../src/http/header-map.ts";
import { RouteConfigurationSchema } from "../../../src/proto/gen/envoy/config/route/v3/route_pb.js";
import { compileRouteConfiguration } from "../../../src/route/config.ts";
import type { Route } from "../../../src/route/route.ts";
import { RouteTable } from "../../../src/route/route-table.ts";
import type { RouteTableData } from "../../../src/route/route-table-data.ts";
import type { Runtime } from "../../../src/runtime/runtime.ts";
import { RecordingCompileContext } from "../../harness/recording-compile-context.ts";
import { makeFormatEnvironment } from "../../harness/stream-fixtures.ts";

/** What compiling a route configuration gave. */
export interface CompiledRoutes {
  readonly data: RouteTableData;
  readonly problems: readonly string[];
  readonly required: readonly string[];
}

/** Compiles a route configuration in proto JSON. */
export function compileRoutes(json: JsonObject): CompiledRoutes {
  const context = new RecordingCompileContext();
  const message = fromJson(
    RouteConfigurationSchema,
    { name: "r", ...json },
    { registry: createRegistry(StringValueSchema) },
  );
  const data = compileRouteConfiguration(message, Place.root, context);
  return { data, problems: context.problems, required: context.required };
}

/** A route table from a route configuration in proto JSON, packed and unpacked as on its way to a worker. */
export function tableFrom(json: JsonObject, runtime?: Runtime): RouteTable {
  const { data, problems } = compileRoutes(json);
  if (problems.length > 0) throw new Error(problems.join("\n"));
  const perFilter = (name: string, config: { data: unknown }): string => `${name}=${String(config.data)}`;
  return new RouteTable(structuredClone(data), perFilter, makeFormatEnvironment(), runtime);
}

/** A route configuration with one virtual host for all domains. */
export function oneHost(routes: JsonObject[], more: JsonObject = {}): JsonObject {
  return { virtualHosts: [{ name: "v", domains: ["*"], routes, ...more }] };
}

/** A route that forwards to `cluster` what `match` matches. */
export function forward(match: JsonObject, cluster: string, more: JsonObject = {}): JsonObject {
  return { name: cluster, match, route: { cluster, ...more } };
}

/** Name of the cluster that a request goes to; `none` if no route matches. */
export function clusterOf(table: RouteTable, request: RequestHeaderMap, randomValue = 0): string {
  const action = table.route(request, randomValue)?.action;
  return action?.type === "forward" ? action.clusterName(request) : (action?.type ?? "none");
}

/** The only route of a table for a request that must have one. */
export function routeOf(table: RouteTable, request: RequestHeaderMap, randomValue = 0): Route {
  const route = table.route(request, randomValue);
  if (route === null) throw new Error("no route");
  return route;
}

/** A table whose only route has `match` and goes to cluster `c`, as `route` says. `more`: fields of the table. */
export function forwardTable(match: object, route: object, more: object = {}): RouteTable {
  const json = { validateClusters: false, ...oneHost([{ match: { ...match }, route: { cluster: "c", ...route } }]) };
  return tableFrom({ ...json, ...more });
}
