const MODULE = "write the filter in TypeScript or JavaScript: troupe.filters.http.module";

const CONNECTIONS = "envoy.filters.network.tcp_proxy passes connections on, whatever they carry";
const TRACERS = "Troupe has envoy.tracers.opentelemetry and envoy.tracers.zipkin";

/** What to do instead of what an extension does that Troupe does not have; by Envoy's short name. */
const HINTS: Readonly<Record<string, string>> = {
  "filters.http.custom_response":
    "local_reply_config of the connection manager changes the answers of the proxy itself",
  "filters.http.dynamic_modules": MODULE,
  "filters.http.ext_proc": `ask a service with envoy.filters.http.ext_authz, or ${MODULE}`,
  "filters.http.golang": MODULE,
  "filters.http.lua": MODULE,
  "filters.http.oauth2":
    "let a service log users in behind envoy.filters.http.ext_authz, and check tokens with envoy.filters.http.jwt_authn",
  "filters.http.tap": "an access log tells what passes",
  "filters.http.wasm": MODULE,
  "filters.listener.original_dst":
    "Node.js can't ask a socket for SO_ORIGINAL_DST; with envoy.filters.listener.proxy_protocol the header says the destination",
  "filters.network.ext_authz":
    "for HTTP there is envoy.filters.http.ext_authz; for connections envoy.filters.network.rbac",
  "filters.network.golang": CONNECTIONS,
  "filters.network.kafka_broker": CONNECTIONS,
  "filters.network.mongo_proxy": CONNECTIONS,
  "filters.network.mysql_proxy": CONNECTIONS,
  "filters.network.postgres_proxy": CONNECTIONS,
  "filters.network.ratelimit":
    "for HTTP there is envoy.filters.http.ratelimit; for connections envoy.filters.network.local_ratelimit",
  "filters.network.redis_proxy": CONNECTIONS,
  "filters.network.thrift_proxy": CONNECTIONS,
  "filters.network.zookeeper_proxy": CONNECTIONS,
};

/** What to do instead of an extension that Troupe lacks; `name` is its name or the name of its type. Undefined if there is no advice. */
export function missingExtensionHint(name: string): string | undefined {
  if (/^envoy\.(config\.trace|tracers)\./.test(name)) return TRACERS;
  const short = /^envoy\.(?:extensions\.)?(filters\.(?:http|listener|network)\.[a-z0-9_]+)(?:\.|$)/.exec(name)?.[1];
  return short !== undefined && Object.hasOwn(HINTS, short) ? HINTS[short] : undefined;
}
