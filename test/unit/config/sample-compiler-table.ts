import type { CompileContext } from "../../../src/config/compile-context.ts";
import type { CompilerTable } from "../../../src/config/compiler/compiler-table.ts";
import { extensionConfig } from "../../../src/config/extension-config.ts";
import { noEffect, notYet, only, support, supportAll, yes } from "../../../src/config/field-support.ts";
import type { Place } from "../../../src/config/place.ts";
import type { Cluster } from "../../../src/proto/gen/envoy/config/cluster/v3/cluster_pb.js";
import { ClusterSchema } from "../../../src/proto/gen/envoy/config/cluster/v3/cluster_pb.js";
import { AddressSchema, SocketAddressSchema } from "../../../src/proto/gen/envoy/config/core/v3/address_pb.js";
import { DataSourceSchema } from "../../../src/proto/gen/envoy/config/core/v3/base_pb.js";
import {
  EndpointSchema,
  LbEndpointSchema,
  LocalityLbEndpointsSchema,
} from "../../../src/proto/gen/envoy/config/endpoint/v3/endpoint_components_pb.js";
import { ClusterLoadAssignmentSchema } from "../../../src/proto/gen/envoy/config/endpoint/v3/endpoint_pb.js";
import {
  FilterChainSchema,
  FilterSchema,
} from "../../../src/proto/gen/envoy/config/listener/v3/listener_components_pb.js";
import { ListenerSchema } from "../../../src/proto/gen/envoy/config/listener/v3/listener_pb.js";
import {
  DirectResponseActionSchema,
  RouteMatchSchema,
  RouteSchema,
  VirtualHostSchema,
} from "../../../src/proto/gen/envoy/config/route/v3/route_components_pb.js";
import { RouteConfigurationSchema } from "../../../src/proto/gen/envoy/config/route/v3/route_pb.js";
import {
  BufferPerRouteSchema,
  BufferSchema,
} from "../../../src/proto/gen/envoy/extensions/filters/http/buffer/v3/buffer_pb.js";
import { EchoSchema } from "../../../src/proto/gen/envoy/extensions/filters/network/echo/v3/echo_pb.js";
import {
  type HttpConnectionManager,
  HttpConnectionManagerSchema,
  HttpFilterSchema,
} from "../../../src/proto/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js";
import { TcpProxySchema } from "../../../src/proto/gen/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.js";

const echo = extensionConfig({
  name: "envoy.filters.network.echo",
  categories: ["envoy.filters.network"],
  schema: EchoSchema,
  support: [supportAll(EchoSchema)],
  compile: () => ({}),
});

const tcpProxy = extensionConfig({
  name: "envoy.filters.network.tcp_proxy",
  categories: ["envoy.filters.network"],
  schema: TcpProxySchema,
  support: [support(TcpProxySchema, { stat_prefix: yes, cluster: yes })],
  configRequired: true,
  compile(message, place, context) {
    const { clusterSpecifier, statPrefix } = message;
    if (clusterSpecifier.case === "cluster") {
      context.requireResource("cluster", clusterSpecifier.value, place.field("cluster"));
    }
    return { statPrefix, cluster: clusterSpecifier.value };
  },
});

const buffer = extensionConfig({
  name: "envoy.filters.http.buffer",
  categories: ["envoy.filters.http"],
  schema: BufferSchema,
  routeSchema: BufferPerRouteSchema,
  support: [supportAll(BufferSchema), supportAll(BufferPerRouteSchema)],
  compile: (message) => ({ limit: message.maxRequestBytes }),
  compileRoute: (message) => ({ override: message.override.case }),
});

function compileHttp(message: HttpConnectionManager, place: Place, context: CompileContext): unknown {
  const filters = message.httpFilters.map((filter, index) => {
    const typedConfig = filter.configType.case === "typedConfig" ? filter.configType.value : undefined;
    return context.extension(
      "envoy.filters.http",
      { name: filter.name, typedConfig },
      place.field("http_filters").index(index),
    );
  });
  const { routeSpecifier } = message;
  if (routeSpecifier.case !== "routeConfig") return { filters };
  const hosts = routeSpecifier.value.virtualHosts.map((host, index) => ({
    domains: host.domains,
    perFilter: Object.entries(host.typedPerFilterConfig).map(([name, any]) => {
      const at = place.field("route_config").field("virtual_hosts").index(index).field("typed_per_filter_config");
      return [name, context.routeExtension(any, at.field(name))];
    }),
  }));
  return { filters, routes: context.addResource("routeTable", routeSpecifier.value.name, hosts) };
}

const http = extensionConfig({
  name: "envoy.filters.network.http_connection_manager",
  categories: ["envoy.filters.network"],
  schema: HttpConnectionManagerSchema,
  support: [
    support(HttpConnectionManagerSchema, { stat_prefix: yes, route_config: yes, http_filters: yes }),
    supportAll(HttpFilterSchema),
    supportAll(RouteConfigurationSchema),
    supportAll(VirtualHostSchema),
    supportAll(RouteSchema),
    supportAll(RouteMatchSchema),
    supportAll(DirectResponseActionSchema),
    supportAll(DataSourceSchema),
  ],
  compile: compileHttp,
});

function endpoints(message: Cluster): unknown[] {
  return (message.loadAssignment?.endpoints ?? []).flatMap((locality) =>
    locality.lbEndpoints.map((each) => {
      const host = each.hostIdentifier.case === "endpoint" ? each.hostIdentifier.value : undefined;
      const address = host?.address?.address;
      if (address?.case !== "socketAddress") return null;
      return [address.value.address, address.value.portSpecifier.value];
    }),
  );
}

/** A small compiler table, so that tests of the compiler do not depend on what the proxy implements. */
export const sampleTable: CompilerTable = {
  listener: {
    support: [
      support(ListenerSchema, {
        name: yes,
        address: yes,
        filter_chains: yes,
        enable_reuse_port: noEffect("always on"),
        per_connection_buffer_limit_bytes: notYet("buffers are fixed", "leave it out"),
      }),
      supportAll(FilterChainSchema),
      supportAll(FilterSchema),
    ],
    name: (message) => message.name,
    compile: (message, place, context) => ({
      chains: message.filterChains.map((chain, i) =>
        chain.filters.map((filter, j) => {
          const typedConfig = filter.configType.case === "typedConfig" ? filter.configType.value : undefined;
          const at = place.field("filter_chains").index(i).field("filters").index(j);
          return context.extension("envoy.filters.network", { name: filter.name, typedConfig }, at);
        }),
      ),
    }),
  },
  cluster: {
    support: [
      support(ClusterSchema, {
        name: yes,
        type: only(["STATIC"]),
        connect_timeout: yes,
        load_assignment: yes,
        lb_policy: yes,
        health_checks: yes,
      }),
      supportAll(ClusterLoadAssignmentSchema),
      supportAll(LocalityLbEndpointsSchema),
      supportAll(LbEndpointSchema),
      supportAll(EndpointSchema),
    ],
    name: (message) => message.name,
    compile(message, place, context) {
      if (message.name === "odd") context.warning(place.field("name"), "odd is an odd name");
      return { name: message.name, timeout: message.connectTimeout, endpoints: endpoints(message) };
    },
  },
  loadAssignment: {
    support: [supportAll(ClusterLoadAssignmentSchema)],
    name: (message) => message.clusterName,
    compile: (message) => message.endpoints.length,
  },
  extensions: [echo, tcpProxy, buffer, http],
  support: [supportAll(AddressSchema), supportAll(SocketAddressSchema)],
};

/** So that this module can stand in for the proxy's own on a compiler thread. */
export async function loadLateCompilerTable(): Promise<CompilerTable> {
  return sampleTable;
}
