import type { Issued } from "./certificates.ts";

const TYPE = "type.googleapis.com/envoy.extensions";

/** A `TlsCertificate` with everything in it. */
export function inlineCertificate({ certPem, keyPem }: Pick<Issued, "certPem" | "keyPem">): object {
  return { certificate_chain: { inline_string: certPem }, private_key: { inline_string: keyPem } };
}

/** A `transport_socket` for a filter chain. */
export function downstreamTls(context: object): object {
  return {
    name: "envoy.transport_sockets.tls",
    typed_config: { "@type": `${TYPE}.transport_sockets.tls.v3.DownstreamTlsContext`, ...context },
  };
}

/** A `transport_socket` for a cluster. */
export function upstreamTls(context: object): object {
  return {
    name: "envoy.transport_sockets.tls",
    typed_config: { "@type": `${TYPE}.transport_sockets.tls.v3.UpstreamTlsContext`, ...context },
  };
}

/** A filter chain that answers every request with 200 and this text, or with what `hcm` says beside. */
export function answeringChain(transportSocket: object, hcm: object = {}, body = "hello over tls"): object {
  const route = { match: { prefix: "/" }, direct_response: { status: 200, body: { inline_string: body } } };
  return chain(transportSocket, route, hcm);
}

/** A filter chain that routes every request to a cluster. */
export function routingChain(transportSocket: object | null, cluster: string, hcm: object = {}): object {
  return chain(transportSocket, { match: { prefix: "/" }, route: { cluster } }, hcm);
}

function chain(transportSocket: object | null, route: object, hcm: object): object {
  return {
    ...(transportSocket !== null && { transport_socket: transportSocket }),
    filters: [
      {
        name: "envoy.filters.network.http_connection_manager",
        typed_config: {
          "@type": `${TYPE}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
          stat_prefix: "tls",
          route_config: { name: "routes", virtual_hosts: [{ name: "all", domains: ["*"], routes: [route] }] },
          http_filters: [{ name: "envoy.filters.http.router" }],
          ...hcm,
        },
      },
    ],
  };
}

/** A listener on a free port of the loopback. Its stats are `listener.tls.*`. */
export function tlsListener(filterChain: object): object {
  return {
    name: "tls",
    stat_prefix: "tls",
    address: { socket_address: { address: "127.0.0.1", port_value: 0 } },
    filter_chains: [filterChain],
  };
}
