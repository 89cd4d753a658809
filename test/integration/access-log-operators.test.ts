import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { hostname, tmpdir } from "node:os";
import path from "node:path";
import { before, describe, it } from "node:test";
import { operatorTable } from "../../src/http/format/operators/operator-table.ts";
import { TestCa } from "../harness/certificates.ts";
import { type RunningProxy, startProxy } from "../harness/start-proxy.ts";
import { tlsExchange } from "../harness/tls-client.ts";
import { downstreamTls, inlineCertificate, upstreamTls } from "../harness/tls-listener.ts";
import { until } from "../harness/until.ts";

const TYPE = "type.googleapis.com/envoy.extensions";
const ca = new TestCa("Test CA");
const server = ca.issue({ commonName: "server", dns: ["a.test"], uri: ["spiffe://t/server"], ip: ["10.0.0.2"] });
const client = ca.issue({ commonName: "client", dns: ["c.test"], uri: ["spiffe://t/client"], ip: ["10.0.0.1"] });
const host = ca.issue({ commonName: "host", dns: ["up.test"], uri: ["spiffe://t/host"], ip: ["10.0.0.3"] });
const proxyAtHost = ca.issue({ commonName: "edge", dns: ["e.test"], uri: ["spiffe://t/edge"], ip: ["10.0.0.4"] });

const NUMBER = /^\d+$/;
const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const LOCAL_MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d{4}$/;
const LOOPBACK = /^127\.0\.0\.1:\d+$/;
const UUID = /^[0-9a-f-]{36}$/;
const HEX = /^[0-9a-f]{64}$/;
const ONE_CERTIFICATE = /^-----BEGIN%20CERTIFICATE-----%0A.+%0A-----END%20CERTIFICATE-----%0A$/;
const NONE = "-";

/** What each operator gives for the one request below. The key is what stands between the percent signs. */
const EXPECTED: Readonly<Record<string, string | RegExp>> = {
  START_TIME: MOMENT,
  "START_TIME(%Y-%m)": /^\d{4}-\d\d$/,
  START_TIME_LOCAL: LOCAL_MOMENT,
  EMIT_TIME: MOMENT,
  EMIT_TIME_LOCAL: LOCAL_MOMENT,
  DURATION: NUMBER,
  "COMMON_DURATION(DS_RX_BEG:US_RX_BODY_BEG:us)": NUMBER,
  "COMMON_DURATION(US_RX_BODY_BEG:DS_TX_END)": NUMBER,
  REQUEST_DURATION: NUMBER,
  REQUEST_TX_DURATION: NUMBER,
  RESPONSE_DURATION: NUMBER,
  RESPONSE_TX_DURATION: NUMBER,
  UPSTREAM_CONNECTION_POOL_READY_DURATION: NUMBER,
  "REQ(X-A)": "first",
  "REQUEST_HEADER(none?x-a):2": "fi",
  "RESP(x-from)": "host",
  "RESPONSE_HEADER(:STATUS)": "200",
  "TRAILER(x-trailer)": "end",
  "RESPONSE_TRAILER(x-trailer):1": "e",
  "REQ_WITHOUT_QUERY(:PATH)": "/",
  "QUERY_PARAM(q)": NONE,
  PATH: "/",
  PROTOCOL: "HTTP/1.1",
  RESPONSE_CODE: "200",
  RESPONSE_CODE_DETAILS: "via_upstream",
  CONNECTION_TERMINATION_DETAILS: NONE,
  RESPONSE_FLAGS: NONE,
  RESPONSE_FLAGS_LONG: NONE,
  GRPC_STATUS: "NotFound",
  "GRPC_STATUS(SNAKE_STRING)": "NOT_FOUND",
  GRPC_STATUS_NUMBER: "5",
  LOCAL_REPLY_BODY: "",
  BYTES_RECEIVED: "0",
  BYTES_SENT: "5",
  REQUEST_HEADERS_BYTES: /^[1-9]\d+$/,
  RESPONSE_HEADERS_BYTES: /^[1-9]\d+$/,
  RESPONSE_TRAILERS_BYTES: /^[1-9]\d+$/,
  ...Object.fromEntries(
    ["UPSTREAM", "DOWNSTREAM"].flatMap((side) =>
      ["WIRE", "HEADER"].flatMap((what) =>
        ["SENT", "RECEIVED"].map((way) => [`${side}_${what}_BYTES_${way}`, /^[1-9]\d+$/]),
      ),
    ),
  ),
  DOWNSTREAM_REMOTE_ADDRESS: LOOPBACK,
  DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT: "127.0.0.1",
  "DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT(8)": "127.0.0.0/8",
  DOWNSTREAM_REMOTE_PORT: NUMBER,
  DOWNSTREAM_DIRECT_REMOTE_ADDRESS: LOOPBACK,
  DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT: "127.0.0.1",
  DOWNSTREAM_DIRECT_REMOTE_PORT: NUMBER,
  DOWNSTREAM_LOCAL_ADDRESS: LOOPBACK,
  DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT: "127.0.0.1",
  DOWNSTREAM_LOCAL_PORT: NUMBER,
  DOWNSTREAM_DIRECT_LOCAL_ADDRESS: LOOPBACK,
  DOWNSTREAM_DIRECT_LOCAL_ADDRESS_WITHOUT_PORT: "127.0.0.1",
  DOWNSTREAM_DIRECT_LOCAL_PORT: NUMBER,
  CONNECTION_ID: NUMBER,
  REQUESTED_SERVER_NAME: "a.test",
  "REQUESTED_SERVER_NAME(HOST_FIRST:HOST)": "a.test",
  FILTER_CHAIN_NAME: "secure",
  STREAM_ID: UUID,
  TRACE_ID: /^[0-9a-f]{32}$/,
  SPAN_ID: /^[0-9a-f]{16}$/,
  ROUTE_NAME: "one",
  VIRTUAL_CLUSTER_NAME: "gets",
  UPSTREAM_HOST: LOOPBACK,
  UPSTREAM_HOST_NAME: LOOPBACK,
  UPSTREAM_HOST_NAME_WITHOUT_PORT: "127.0.0.1",
  UPSTREAM_CLUSTER: "alias",
  UPSTREAM_CLUSTER_RAW: "up",
  UPSTREAM_PROTOCOL: "HTTP/2",
  UPSTREAM_REQUEST_ATTEMPT_COUNT: "1",
  UPSTREAM_CONNECTION_ID: NUMBER,
  UPSTREAM_TRANSPORT_FAILURE_REASON: NONE,
  UPSTREAM_LOCAL_ADDRESS: LOOPBACK,
  UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT: "127.0.0.1",
  UPSTREAM_LOCAL_PORT: NUMBER,
  UPSTREAM_REMOTE_ADDRESS: LOOPBACK,
  UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT: "127.0.0.1",
  UPSTREAM_REMOTE_PORT: NUMBER,
  DOWNSTREAM_TLS_VERSION: "TLSv1.3",
  DOWNSTREAM_TLS_CIPHER: /^TLS_AES/,
  DOWNSTREAM_TLS_SESSION_ID: /^(?:-|[0-9a-f]+)$/,
  DOWNSTREAM_PEER_SUBJECT: "CN=client",
  DOWNSTREAM_PEER_ISSUER: "CN=Test CA",
  DOWNSTREAM_PEER_URI_SAN: "spiffe://t/client",
  DOWNSTREAM_PEER_DNS_SAN: "c.test",
  DOWNSTREAM_PEER_IP_SAN: "10.0.0.1",
  DOWNSTREAM_PEER_EMAIL_SAN: NONE,
  DOWNSTREAM_PEER_OTHERNAME_SAN: NONE,
  DOWNSTREAM_PEER_SERIAL: /^[0-9a-f]+$/,
  DOWNSTREAM_PEER_FINGERPRINT_256: client.hash,
  DOWNSTREAM_PEER_FINGERPRINT_1: /^[0-9a-f]{40}$/,
  DOWNSTREAM_PEER_CERT: ONE_CERTIFICATE,
  DOWNSTREAM_PEER_CERT_V_START: MOMENT,
  "DOWNSTREAM_PEER_CERT_V_END(%Y)": /^\d{4}$/,
  DOWNSTREAM_PEER_CHAIN_FINGERPRINTS_256: HEX,
  DOWNSTREAM_PEER_CHAIN_FINGERPRINTS_1: /^[0-9a-f]{40}$/,
  DOWNSTREAM_PEER_CHAIN_SERIALS: /^[0-9a-f]+$/,
  DOWNSTREAM_LOCAL_SUBJECT: "CN=server",
  DOWNSTREAM_LOCAL_URI_SAN: "spiffe://t/server",
  DOWNSTREAM_LOCAL_DNS_SAN: "a.test",
  DOWNSTREAM_LOCAL_IP_SAN: "10.0.0.2",
  DOWNSTREAM_LOCAL_EMAIL_SAN: NONE,
  DOWNSTREAM_LOCAL_OTHERNAME_SAN: NONE,
  TLS_JA3_FINGERPRINT: /^[0-9a-f]{32}$/,
  TLS_JA4_FINGERPRINT: /^t13[di]/,
  UPSTREAM_TLS_VERSION: "TLSv1.2",
  UPSTREAM_TLS_CIPHER: /^ECDHE-/,
  UPSTREAM_TLS_SESSION_ID: HEX,
  UPSTREAM_PEER_SUBJECT: "CN=host",
  UPSTREAM_PEER_ISSUER: "CN=Test CA",
  UPSTREAM_PEER_URI_SAN: "spiffe://t/host",
  UPSTREAM_PEER_DNS_SAN: "up.test",
  UPSTREAM_PEER_IP_SAN: "10.0.0.3",
  UPSTREAM_PEER_CERT: ONE_CERTIFICATE,
  UPSTREAM_PEER_CERT_V_START: MOMENT,
  UPSTREAM_PEER_CERT_V_END: MOMENT,
  UPSTREAM_LOCAL_URI_SAN: "spiffe://t/edge",
  UPSTREAM_LOCAL_DNS_SAN: "e.test",
  UPSTREAM_LOCAL_IP_SAN: "10.0.0.4",
  "DYNAMIC_METADATA(ns:key)": "dynamic",
  "CLUSTER_METADATA(ns:key)": "of the cluster",
  "UPSTREAM_METADATA(ns:key)": "of the host",
  "METADATA(ROUTE:ns:key)": "of the route",
  "METADATA(VIRTUAL_HOST:ns:key)": "of the virtual host",
  "FILTER_STATE(my.key:PLAIN)": "state of first",
  "ENVIRONMENT(TEST_OPERATOR)": "from outside",
  HOSTNAME: hostname(),
  UNIQUE_ID: UUID,
  ACCESS_LOG_TYPE: "DownstreamEnd",
  'COALESCE({"operators": ["UPSTREAM_TRANSPORT_FAILURE_REASON", {"command": "REQ", "param": "x-a", "max_length": 4}]})':
    "firs",
};

const metadata = (key: string): object => ({ filter_metadata: { ns: { key } } });
const filter = (name: string, message: string, fields: object): object => ({
  name: `envoy.filters.http.${name}`,
  typed_config: { "@type": `${TYPE}.filters.http.${name}.v3.${message}`, ...fields },
});

function manager(log: string): object {
  const text = Object.keys(EXPECTED).map((call) => `${call.replaceAll("%", "%%")} = %${call}%\n`);
  const stateFormat = { text_format_source: { inline_string: "state of %REQ(x-a)%" } };
  return {
    "@type": `${TYPE}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: "in",
    tracing: {
      provider: {
        name: "envoy.tracers.opentelemetry",
        typed_config: {
          "@type": "type.googleapis.com/envoy.config.trace.v3.OpenTelemetryConfig",
          grpc_service: { envoy_grpc: { cluster_name: "up" } },
        },
      },
    },
    route_config: {
      virtual_hosts: [
        {
          name: "all",
          domains: ["*"],
          metadata: metadata("of the virtual host"),
          virtual_clusters: [{ name: "gets", headers: [{ name: ":method", string_match: { exact: "GET" } }] }],
          routes: [
            { name: "one", match: { prefix: "/" }, route: { cluster: "up" }, metadata: metadata("of the route") },
          ],
        },
      ],
    },
    http_filters: [
      filter("set_metadata", "Config", { metadata: [{ metadata_namespace: "ns", value: { key: "dynamic" } }] }),
      filter("set_filter_state", "Config", {
        on_request_headers: [{ object_key: "my.key", factory_key: "envoy.string", format_string: stateFormat }],
      }),
      filter("router", "Router", {}),
    ],
    access_log: [
      {
        name: "envoy.access_loggers.file",
        typed_config: {
          "@type": `${TYPE}.access_loggers.file.v3.FileAccessLog`,
          path: log,
          log_format: { text_format_source: { inline_string: text.join("") } },
        },
      },
    ],
  };
}

function config(port: number, log: string): object {
  const validation_context = { trusted_ca: { inline_string: ca.certPem } };
  const address = { socket_address: { address: "127.0.0.1", port_value: 0 } };
  const endpoint = { address: { socket_address: { address: "127.0.0.1", port_value: port } } };
  const lb_endpoints = [{ endpoint, metadata: metadata("of the host") }];
  return {
    node: { id: "n", cluster: "c" },
    static_resources: {
      listeners: [
        {
          name: "in",
          address,
          listener_filters: [
            {
              name: "envoy.filters.listener.tls_inspector",
              typed_config: {
                "@type": `${TYPE}.filters.listener.tls_inspector.v3.TlsInspector`,
                enable_ja3_fingerprinting: true,
              },
            },
          ],
          filter_chains: [
            {
              name: "secure",
              transport_socket: downstreamTls({
                common_tls_context: { tls_certificates: [inlineCertificate(server)], validation_context },
              }),
              filters: [{ name: "envoy.filters.network.http_connection_manager", typed_config: manager(log) }],
            },
          ],
        },
      ],
      clusters: [
        {
          name: "up",
          alt_stat_name: "alias",
          metadata: metadata("of the cluster"),
          http2_protocol_options: {},
          transport_socket: upstreamTls({
            sni: "up.test",
            common_tls_context: { tls_certificates: [inlineCertificate(proxyAtHost)], validation_context },
          }),
          load_assignment: { cluster_name: "up", endpoints: [{ lb_endpoints }] },
        },
      ],
    },
  };
}

/** Sends one request through a proxy with TLS on both sides, to an HTTP/2 server that answers with trailers; the log's lines by operator. */
async function linesOfOneRequest(): Promise<{ proxy: RunningProxy; lines: Map<string, string>; close(): void }> {
  const upstream = http2.createSecureServer({
    cert: host.certPem,
    key: host.keyPem,
    ca: ca.certPem,
    requestCert: true,
  });
  upstream.on("stream", (stream: http2.ServerHttp2Stream) => {
    stream.on("error", () => {});
    stream.on("wantTrailers", () => stream.sendTrailers({ "x-trailer": "end", "grpc-status": "5" }));
    stream.respond({ ":status": 200, "x-from": "host", "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.end("hello");
  });
  upstream.listen(0, "127.0.0.1").unref();
  await once(upstream, "listening");
  const folder = mkdtempSync(path.join(tmpdir(), "troupe-operators-"));
  const log = path.join(folder, "access.log");
  const proxy = await startProxy({
    config: config((upstream.address() as AddressInfo).port, log),
    args: ["--file-flush-interval-msec", "20"],
    env: { TEST_OPERATOR: "from outside" },
  });
  const { response, error } = await tlsExchange(
    { port: proxy.port(), servername: "a.test", cert: client.certPem, key: client.keyPem },
    "x-a: first\r\ncontent-type: application/grpc\r\n",
  );
  assert.match(response, /hello/, error);
  const read = (): string[] => (existsSync(log) ? readFileSync(log, "utf8").split("\n").slice(0, -1) : []);
  await until("the lines", () => read().length >= Object.keys(EXPECTED).length, 20_000);
  const lines = new Map(read().map((line) => line.split(/ = (.*)$/s).slice(0, 2) as [string, string]));
  const close = (): void => {
    upstream.close();
    rmSync(folder, { recursive: true, force: true });
  };
  return { proxy, lines, close };
}

describe("Access log operators over a request with TLS on both sides", () => {
  let lines: Map<string, string>;

  before(async () => {
    const scene = await linesOfOneRequest();
    lines = scene.lines;
    await scene.proxy.stop();
    scene.close();
  });

  for (const [call, expected] of Object.entries(EXPECTED)) {
    it(`%${call}%`, () => {
      const value = lines.get(call) ?? "";
      if (typeof expected === "string") assert.equal(value, expected);
      else assert.match(value, expected);
    });
  }

  it("are in the table with all that there are", () => {
    const shown = new Set(Object.keys(EXPECTED).map((call) => /^\w+/.exec(call)![0]));
    assert.deepEqual(
      [...operatorTable.keys()].filter((name) => !shown.has(name)),
      [],
    );
  });
});
