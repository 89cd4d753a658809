import type { TagExtractor, TagMatch } from "./stat-tag.ts";
import { TokenTagExtractor } from "./token-tag-extractor.ts";

/**
 * A rule that is part of Troupe: JavaScript's own regexes do, because these are known not to run away. The named group
 * `cut` leaves the name, `value` is the tag's value.
 */
class BuiltInTagExtractor implements TagExtractor {
  readonly tagName: string;
  readonly firstToken: string | undefined;
  readonly #regex: RegExp;
  /** A text that every matching name holds; spares most names the regex. */
  readonly #hint: string;
  readonly #exceptValue: string | undefined;

  constructor(tagName: string, regex: RegExp, hint: string, firstToken?: string, exceptValue?: string) {
    this.tagName = tagName;
    this.firstToken = firstToken;
    this.#regex = regex;
    this.#hint = hint;
    this.#exceptValue = exceptValue;
  }

  find(name: string): TagMatch | undefined {
    if (!name.includes(this.#hint)) return undefined;
    const indices = this.#regex.exec(name)?.indices?.groups;
    const cut = indices?.cut;
    const valueAt = indices?.value;
    if (cut === undefined || valueAt === undefined) return undefined;
    const value = name.slice(valueAt[0], valueAt[1]);
    if (value === this.#exceptValue) return undefined;
    return { value, from: cut[0], to: cut[1] };
  }
}

const LISTENER_ADDRESS = "(?:(?:\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}|\\[[a-fA-F_\\d]+\\])_\\d+)";

function builtIn(
  tagName: string,
  regex: string,
  hint: string,
  options: { firstToken?: string; exceptValue?: string } = {},
): TagExtractor {
  return new BuiltInTagExtractor(tagName, new RegExp(regex, "d"), hint, options.firstToken, options.exceptValue);
}

function tokens(tagName: string, pattern: string): TagExtractor {
  return new TokenTagExtractor(tagName, pattern);
}

/**
 * Envoy's default tags, by the rules of its well-known names (mainline). First come the rules for which any name
 * qualifies, as Envoy tries them first and tags appear in that order.
 */
export const DEFAULT_TAG_EXTRACTORS: readonly TagExtractor[] = [
  builtIn("envoy.response_code", "_rq(?<cut>_(?<value>\\d{3}))$", "_rq_"),
  builtIn("envoy.response_code_class", "_rq_(?<cut>(?<value>\\d))xx$", "_rq_"),
  ...["curve", "sigalg"].map((kind) =>
    builtIn(
      `envoy.ssl_${kind}`,
      `^(?:listener|cluster)\\..*?\\.ssl\\.${kind}s(?<cut>\\.(?<value>[\\w-]+))$`,
      `.ssl.${kind}s.`,
    ),
  ),
  builtIn(
    "envoy.ssl_version",
    "^(?:listener|cluster)\\..*?\\.ssl\\.versions(?<cut>\\.(?<value>TLSv\\d\\.\\d))$",
    ".ssl.versions.",
  ),
  builtIn(
    "envoy.worker_id",
    `^(?:listener\\.(?:${LISTENER_ADDRESS}|[^.]+)\\.|server\\.|listener_manager\\.)worker_(?<cut>(?<value>\\d+)\\.)`,
    "worker_",
  ),
  builtIn("envoy.rbac_prefix", "^(?<cut>(?<value>[^.]+)\\.)rbac\\.[\\w.]*(?:allowed|denied|logged)$", ".rbac."),
  tokens("envoy.local_http_ratelimit_prefix", "$.http_local_rate_limit.**"),
  builtIn("envoy.ssl_cipher", "^listener\\..*?\\.ssl\\.ciphers(?<cut>\\.(?<value>[\\w-]+))$", ".ssl.ciphers.", {
    firstToken: "listener",
  }),
  builtIn("envoy.ssl_cipher_suite", "^cluster\\.[^.]+\\.ssl\\.ciphers(?<cut>\\.(?<value>[\\w-]+))$", ".ssl.ciphers.", {
    firstToken: "cluster",
  }),
  builtIn("envoy.http_conn_manager_prefix", "^listener\\..*?\\.http\\.(?<cut>(?<value>[^.]+)\\.)", ".http.", {
    firstToken: "listener",
  }),
  builtIn("envoy.listener_address", `^listener\\.(?<cut>(?<value>${LISTENER_ADDRESS}|[^.]+)\\.)`, "listener.", {
    firstToken: "listener",
    exceptValue: "admin",
  }),
  builtIn("envoy.rds_route_config", "^http\\.[^.]+\\.rds\\.(?<cut>(?<value>[\\w./-]+)\\.)\\w+$", ".rds.", {
    firstToken: "http",
  }),
  builtIn(
    "envoy.scoped_rds_config",
    "^http\\.[^.]+\\.scoped_rds\\.(?<cut>(?<value>[\\w./-]+)\\.)\\w+$",
    ".scoped_rds.",
    { firstToken: "http" },
  ),
  builtIn(
    "envoy.rbac_policy_name",
    "^http\\.[^.]+\\.rbac\\.(?:[^.]+\\.)??policy\\.(?<cut>(?<value>.+)\\.)\\w+$",
    ".rbac.",
    { firstToken: "http" },
  ),
  builtIn(
    "envoy.rbac_http_prefix",
    "^http\\.[^.]+\\.rbac\\.(?<cut>(?<value>[^.]+)\\.)(?:policy\\..+\\.)?\\w+$",
    ".rbac.",
    { firstToken: "http" },
  ),
  builtIn(
    "envoy.proxy_protocol_version",
    "^proxy_proto\\.(?:[^.]+\\.)?(?<cut>versions\\.v(?<value>\\d)\\.)\\w+$",
    ".versions.",
    { firstToken: "proxy_proto" },
  ),
  builtIn(
    "envoy.proxy_protocol_prefix",
    "^proxy_proto\\.(?<cut>(?<value>[^.]+)\\.)(?:versions\\.v\\d\\.)?\\w+$",
    "proxy_proto.",
    { firstToken: "proxy_proto" },
  ),
  tokens("envoy.grpc_bridge_method", "cluster.*.grpc.*.$.**"),
  tokens("envoy.http_user_agent", "http.*.user_agent.$.**"),
  tokens("envoy.virtual_cluster", "vhost.*.vcluster.$.**"),
  tokens("envoy.fault_downstream_cluster", "http.*.fault.$.**"),
  tokens("envoy.grpc_bridge_service", "cluster.*.grpc.$.**"),
  tokens("envoy.tcp_prefix", "tcp.$.**"),
  tokens("envoy.udp_prefix", "udp.$.**"),
  tokens("envoy.clientssl_prefix", "auth.clientssl.$.**"),
  tokens("envoy.ratelimit_prefix", "ratelimit.$.**"),
  tokens("envoy.cluster_name", "cluster.$.**"),
  tokens("envoy.ext_authz_prefix", "cluster.*.ext_authz.$.**"),
  tokens("envoy.ext_authz_prefix", "http.*.ext_authz.$.**"),
  tokens("envoy.http_conn_manager_prefix", "http.$.**"),
  tokens("envoy.virtual_host", "vhost.$.**"),
  tokens("envoy.mongo_callsite", "mongo.*.collection.*.callsite.$.query.**"),
  tokens("envoy.mongo_collection", "mongo.*.collection.$.**.query.*"),
  tokens("envoy.mongo_cmd", "mongo.*.cmd.$.**"),
  tokens("envoy.mongo_prefix", "mongo.$.**"),
  tokens("envoy.route", "vhost.*.route.$.**"),
  tokens("envoy.thrift_prefix", "thrift.$.**"),
  tokens("envoy.redis_prefix", "redis.$.**"),
  tokens("envoy.local_network_ratelimit_prefix", "local_rate_limit.$.**"),
  tokens("envoy.local_listener_ratelimit_prefix", "listener_local_ratelimit.$.**"),
  tokens("envoy.dns_filter_prefix", "dns_filter.$.**"),
  tokens("envoy.connection_limit_prefix", "connection_limit.$.**"),
];
