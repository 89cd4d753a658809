/** One listener of a `sampleBootstrap`, with a connection manager and a router. */
export interface SampleListener {
  /** Default `ingress`. */
  readonly name?: string;
  /** Default: a free port on 127.0.0.1. */
  readonly address?: object;
  /** Default: everything goes to the cluster `app`. */
  readonly routes?: readonly object[];
  /** More fields of the connection manager; they replace the defaults. */
  readonly manager?: object;
  /** More fields of the listener. */
  readonly more?: object;
}

/** The parts of a bootstrap in which tests differ. */
export interface SampleBootstrap {
  /** Default: one, `ingress`. */
  readonly listeners?: readonly SampleListener[];
  readonly clusters?: readonly object[];
  /** More top-level fields. */
  readonly more?: object;
}

/** A bootstrap of the given parts as plain JSON, with an admin interface on a free port. */
export function sampleBootstrap({ listeners = [{}], clusters = [], more = {} }: SampleBootstrap): object {
  return {
    admin: { address: loopback(0) },
    static_resources: { listeners: listeners.map(listener), clusters },
    ...more,
  };
}

/** An address on 127.0.0.1. */
export function loopback(port: number): object {
  return { socket_address: { address: "127.0.0.1", port_value: port } };
}

/** The address of a Unix-domain socket. */
export function pipe(path: string): object {
  return { pipe: { path } };
}

/** A STATIC cluster with an endpoint for each address. */
export function sampleCluster(name: string, addresses: readonly object[], more: object = {}): object {
  const endpoints = addresses.map((address) => ({ endpoint: { address } }));
  return {
    name,
    type: "STATIC",
    connect_timeout: "5s",
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: endpoints }] },
    ...more,
  };
}

/** A route that answers by itself, for every path that begins with `prefix`. */
export function answerRoute(body: string, prefix = "/"): object {
  return { match: { prefix }, direct_response: { status: 200, body: { inline_string: body } } };
}

/** A route to a cluster, for every path that begins with `prefix`. */
export function clusterRoute(cluster: string, prefix = "/"): object {
  return { match: { prefix }, route: { cluster } };
}

function listener(parts: SampleListener): object {
  const manager = {
    "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
    stat_prefix: "ingress",
    route_config: {
      name: `${parts.name ?? "ingress"}_routes`,
      virtual_hosts: [{ name: "all", domains: ["*"], routes: parts.routes ?? [clusterRoute("app")] }],
    },
    http_filters: [
      {
        name: "envoy.filters.http.router",
        typed_config: { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" },
      },
    ],
    ...parts.manager,
  };
  return {
    name: parts.name ?? "ingress",
    address: parts.address ?? loopback(0),
    filter_chains: [{ filters: [{ name: "envoy.filters.network.http_connection_manager", typed_config: manager }] }],
    ...parts.more,
  };
}
