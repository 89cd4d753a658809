import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { JsonObject } from "@bufbuild/protobuf";
import { type CompiledCluster, compileCluster } from "../compile-cluster.ts";

const OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
const SOCKETS = "type.googleapis.com/envoy.extensions.transport_sockets";
const NO_ALPN = "auto_config requires an ALPN-capable transport socket";

const TLS: JsonObject = {
  name: "envoy.transport_sockets.tls",
  typedConfig: { "@type": `${SOCKETS}.tls.v3.UpstreamTlsContext` },
};
const RAW: JsonObject = {
  name: "envoy.transport_sockets.raw_buffer",
  typedConfig: { "@type": `${SOCKETS}.raw_buffer.v3.RawBuffer` },
};

function proxyProtocol(transportSocket: JsonObject): JsonObject {
  const type = `${SOCKETS}.proxy_protocol.v3.ProxyProtocolUpstreamTransport`;
  return {
    name: "envoy.transport_sockets.upstream_proxy_protocol",
    typedConfig: { "@type": type, config: {}, transportSocket },
  };
}

function compile(autoConfig: JsonObject, cluster: JsonObject): CompiledCluster {
  const options = { "@type": `type.googleapis.com/${OPTIONS}`, autoConfig };
  return compileCluster({ ...cluster, typedExtensionProtocolOptions: { [OPTIONS]: options } });
}

describe("auto_config of a cluster", () => {
  it("takes options of both protocols", () => {
    const auto = { httpProtocolOptions: { enableTrailers: true }, http2ProtocolOptions: { maxConcurrentStreams: 7 } };
    const { data, problems } = compile(auto, { transportSocket: TLS });
    assert.deepEqual(problems, []);
    const { httpProtocol, http2, enableTrailers } = data.connectionSettings;
    assert.deepEqual([httpProtocol, http2.maxConcurrentStreams, enableTrailers], ["auto", 7, true]);
  });

  it("refuses what belongs to HTTP/3", () => {
    const auto = { http3ProtocolOptions: {}, alternateProtocolsCacheOptions: { name: "any" } };
    assert.deepEqual(
      compile(auto, { transportSocket: TLS }).problems,
      ["http3_protocol_options", "alternate_protocols_cache_options"].map(
        (field) =>
          `error typed_extension_protocol_options["${OPTIONS}"].auto_config.${field}: ${field} is not supported yet: there is no HTTP/3`,
      ),
    );
  });

  it("needs TLS, behind a PROXY header or not, in each match too", () => {
    assert.deepEqual(compile({}, {}).problems, [`error transport_socket: ${NO_ALPN}`]);
    const matches = [RAW, proxyProtocol(TLS), proxyProtocol(RAW)];
    const { problems } = compile(
      {},
      {
        transportSocket: proxyProtocol(TLS),
        transportSocketMatches: matches.map((transportSocket, at) => ({ name: `match ${at}`, transportSocket })),
      },
    );
    assert.deepEqual(
      problems,
      [0, 2].map((at) => `error transport_socket_matches[${at}].transport_socket: ${NO_ALPN}`),
    );
  });
});
