import { TestCa } from "./certificates.ts";
import type { MarkedSecrets } from "./marked-secrets.ts";
import { clusterRoute, loopback, sampleBootstrap, sampleCluster } from "./sample-bootstrap.ts";
import { downstreamTls, upstreamTls } from "./tls-listener.ts";

const TYPE = "type.googleapis.com/envoy.extensions";

/** A configuration with a marked secret wherever one may stand. */
export interface SecretBootstrap {
  readonly config: object;
  /** What belongs to it and is given on the command line, as `--config-yaml`. */
  readonly more: object;
  /** What a client has to send in `x-api-key` to get to the route that wants it. */
  readonly apiKey: string;
}

/** Where the proxy of a `SecretBootstrap` finds its services. */
export interface SecretBootstrapPorts {
  readonly upstream: number;
  readonly authorization: number;
}

/** Makes a configuration full of secrets: keys, passwords, credentials in headers that are set, compared, or sent to services. */
export function secretBootstrap(secrets: MarkedSecrets, ports: SecretBootstrapPorts): SecretBootstrap {
  const ca = new TestCa("Secret CA");
  const apiKey = secrets.text("compared api key");
  const manager = {
    route_config: {
      name: "routes",
      virtual_hosts: [{ name: "all", domains: ["*"], routes: routesWith(secrets, apiKey) }],
    },
    http_filters: httpFilters(secrets),
    access_log: [
      {
        name: "envoy.access_loggers.stdout",
        typed_config: { "@type": `${TYPE}.access_loggers.stream.v3.StdoutAccessLog` },
      },
    ],
  };
  const plain = { name: "plain", manager };
  const tls = { name: "tls", manager, more: {} };
  const config = sampleBootstrap({
    listeners: [plain, tls],
    clusters: [
      sampleCluster("app", [loopback(ports.upstream)], {
        health_checks: [
          {
            timeout: "1s",
            interval: "60s",
            unhealthy_threshold: 3,
            healthy_threshold: 1,
            http_health_check: {
              path: "/health",
              request_headers_to_add: [header("authorization", `Bearer ${secrets.text("health check")}`)],
            },
          },
        ],
      }),
      sampleCluster("authz", [loopback(ports.authorization)]),
      sampleCluster("gone", [loopback(1)], {
        transport_socket: upstreamTls({
          common_tls_context: { tls_certificates: [certificate(secrets, ca, "client key")] },
        }),
      }),
    ],
  });
  const { static_resources: resources } = config as { static_resources: { listeners: { filter_chains: object[] }[] } };
  const [, tlsListener] = resources.listeners;
  tlsListener!.filter_chains = [
    {
      ...tlsListener!.filter_chains[0],
      transport_socket: downstreamTls({
        common_tls_context: { tls_certificate_sds_secret_configs: [{ name: "stored" }] },
        session_ticket_keys: { keys: [{ inline_bytes: secrets.bytes("ticket key", 80).toString("base64") }] },
      }),
    },
  ];
  const more = {
    static_resources: { secrets: [{ name: "stored", tls_certificate: certificate(secrets, ca, "stored key") }] },
  };
  return { config, more, apiKey };
}

/** Compare secrets with what requests bring, and set them in requests and responses. */
function routesWith(secrets: MarkedSecrets, apiKey: string): readonly object[] {
  return [
    {
      match: { prefix: "/keyed", headers: [{ name: "x-api-key", string_match: { exact: apiKey } }] },
      route: { cluster: "app" },
    },
    {
      match: {
        prefix: "/query",
        query_parameters: [{ name: "access_token", string_match: { exact: secrets.text("compared query parameter") } }],
      },
      route: { cluster: "app" },
    },
    {
      ...clusterRoute("app"),
      request_headers_to_add: [
        header("authorization", `Bearer ${secrets.text("added authorization")}`),
        header("x-api-key", secrets.text("added api key")),
      ],
      response_headers_to_add: [header("set-cookie", `session=${secrets.text("added cookie")}`)],
      typed_per_filter_config: {
        "envoy.filters.http.ext_authz": {
          "@type": `${TYPE}.filters.http.ext_authz.v3.ExtAuthzPerRoute`,
          check_settings: { context_extensions: { tenant: secrets.text("context extension") } },
        },
      },
    },
  ];
}

function header(key: string, value: string): object {
  return { header: { key, value }, append_action: "OVERWRITE_IF_EXISTS_OR_ADD" };
}

/** With an encrypted key and its password. */
function certificate(secrets: MarkedSecrets, ca: TestCa, name: string): object {
  const { certPem, keyPem, privateKey } = ca.issue({ commonName: "a.test", dns: ["a.test"] });
  const passphrase = secrets.text(`password of ${name}`);
  const encrypted = privateKey.export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase }) as string;
  secrets.key(name, keyPem, privateKey);
  secrets.key(`encrypted ${name}`, encrypted, privateKey);
  return {
    certificate_chain: { inline_string: certPem },
    private_key: { inline_string: encrypted },
    password: { inline_string: passphrase },
  };
}

function httpFilters(secrets: MarkedSecrets): readonly object[] {
  const k = secrets.bytes("symmetric key", 32).toString("base64url");
  const jwks = JSON.stringify({ keys: [{ kty: "oct", alg: "HS256", kid: "one", k }] });
  return [
    filter("jwt_authn", "JwtAuthentication", {
      providers: { login: { issuer: "login", local_jwks: { inline_string: jwks } } },
      rules: [
        {
          match: { prefix: "/" },
          requires: { requires_any: { requirements: [{ provider_name: "login" }, { allow_missing_or_failed: {} }] } },
        },
      ],
    }),
    filter("ext_authz", "ExtAuthz", {
      http_service: {
        server_uri: { uri: "http://authz.test", cluster: "authz", timeout: "5s" },
        authorization_request: {
          headers_to_add: [{ key: "authorization", value: `Basic ${secrets.text("authorization of the proxy")}` }],
        },
      },
    }),
    filter("rbac", "RBAC", {
      rules: {
        action: "DENY",
        policies: {
          stolen: {
            permissions: [{ any: true }],
            principals: [{ header: { name: "cookie", string_match: { contains: secrets.text("stolen cookie") } } }],
          },
        },
      },
    }),
    filter("header_mutation", "HeaderMutation", {
      mutations: {
        request_mutations: [
          { append: { header: { key: "proxy-authorization", value: secrets.text("mutated header") } } },
        ],
      },
    }),
    { name: "envoy.filters.http.router", typed_config: { "@type": `${TYPE}.filters.http.router.v3.Router` } },
  ];
}

function filter(name: string, message: string, config: object): object {
  return {
    name: `envoy.filters.http.${name}`,
    typed_config: { "@type": `${TYPE}.filters.http.${name}.v3.${message}`, ...config },
  };
}
