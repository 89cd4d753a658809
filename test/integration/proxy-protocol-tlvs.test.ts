import assert from "node:assert/strict";
import { once } from "node:events";
import net, { type AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { proxyHeaderV2 } from "../../src/net/proxy-protocol/header-writer.ts";
import { decodeV2, type ProxyProtocolHeader } from "../../src/net/proxy-protocol/proxy-protocol-decoder.ts";
import { clusterRoute, loopback, sampleBootstrap, sampleCluster } from "../harness/sample-bootstrap.ts";
import { type RunningProxy, startProxy } from "../harness/start-proxy.ts";
import { TcpPeer } from "../harness/tcp-peer.ts";

const TYPE = "type.googleapis.com/envoy.extensions";
const REQUEST = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";
const ENDS = {
  source: { type: "ip", ip: "10.1.2.3", port: 1234 },
  destination: { type: "ip", ip: "10.9.9.9", port: 443 },
} as const;
const AUTHORITY = 0x02;
const OWN = 0xe0;
const SECRET = 0xe1;

/** What a listener keeps: types 0x02 and 0xe0 and 0xe1. */
const LISTENER_FILTER = {
  name: "envoy.filters.listener.proxy_protocol",
  typed_config: {
    "@type": `${TYPE}.filters.listener.proxy_protocol.v3.ProxyProtocol`,
    pass_through_tlvs: { match_type: "INCLUDE", tlv_type: [AUTHORITY, OWN, SECRET] },
  },
};

function telling(config: object): object {
  return {
    name: "envoy.transport_sockets.upstream_proxy_protocol",
    typed_config: {
      "@type": `${TYPE}.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport`,
      config,
      transport_socket: {
        name: "envoy.transport_sockets.raw_buffer",
        typed_config: { "@type": `${TYPE}.transport_sockets.raw_buffer.v3.RawBuffer` },
      },
    },
  };
}

const SOME = { version: "V2", pass_through_tlvs: { match_type: "INCLUDE", tlv_type: [AUTHORITY, OWN] } };
const ALL = { version: "V2", pass_through_tlvs: { match_type: "INCLUDE_ALL" } };

describe("TLVs of PROXY protocol headers", () => {
  let proxy: RunningProxy;
  let server: net.Server;
  const sockets = new Set<net.Socket>();
  /** Of each connection of the upstream, oldest first. */
  const headers: ProxyProtocolHeader[] = [];

  before(async () => {
    server = net.createServer((socket) => {
      sockets.add(socket);
      socket.on("error", () => {});
      let bytes = Buffer.alloc(0);
      socket.on("data", (data: Buffer) => {
        if (bytes !== null) bytes = Buffer.concat([bytes, data]);
        if (!bytes.toString("latin1").endsWith("\r\n\r\n")) return;
        const header = decodeV2(bytes);
        if (typeof header !== "string") headers.push(header);
        bytes = Buffer.alloc(0);
        socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
      });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const host = loopback((server.address() as AddressInfo).port);
    const cluster = (name: string, config: object) =>
      sampleCluster(name, [host], { transport_socket: telling(config) });
    const tcp = {
      name: "envoy.filters.network.tcp_proxy",
      typed_config: { "@type": `${TYPE}.filters.network.tcp_proxy.v3.TcpProxy`, stat_prefix: "tcp", cluster: "all" },
    };
    const connect = {
      match: { connect_matcher: {} },
      route: {
        cluster: "plain",
        upgrade_configs: [{ upgrade_type: "CONNECT", connect_config: { proxy_protocol_config: SOME } }],
      },
    };
    const more = { listener_filters: [LISTENER_FILTER] };
    const config = sampleBootstrap({
      // What the client's own header says may be told all the same.
      listeners: [
        { routes: [connect, clusterRoute("some")], more, manager: { add_proxy_protocol_connection_state: false } },
      ],
      clusters: [cluster("some", SOME), cluster("all", ALL), sampleCluster("plain", [host])],
    }) as { static_resources: { listeners: object[] } };
    config.static_resources.listeners.push({
      name: "tcp",
      address: loopback(0),
      filter_chains: [{ filters: [tcp] }],
      ...more,
    });
    proxy = await startProxy({ config });
  });
  after(async () => {
    await proxy?.kill();
    for (const socket of sockets) socket.destroy();
    server?.close();
  });

  /** Sends a header with these TLVs and the bytes; answers the header that the upstream got. */
  async function exchange(listener: string, tlvs: Record<number, string>, bytes = REQUEST, answers = 1) {
    headers.length = 0;
    const peer = await TcpPeer.connect(proxy.port(listener));
    const list = Object.entries(tlvs).map(([type, value]) => ({ type: Number(type), value: Buffer.from(value) }));
    peer.write(Buffer.concat([proxyHeaderV2(ENDS, list), Buffer.from(bytes)]));
    await proxy.until("the header", async () => headers.length === 1);
    await proxy.until("the answers", async () => peer.text.split("200 OK").length > answers);
    peer.destroy();
    const { addresses, tlvs: told } = headers[0]!;
    assert.deepEqual(addresses, ENDS);
    return Object.fromEntries(told.map(({ type, value }) => [type, value.toString()]));
  }

  it("go on to the host, as far as both the listener's filter and the cluster let them", async () => {
    const told = await exchange("ingress", { [AUTHORITY]: "a.test", [OWN]: "mine", [SECRET]: "s", 4: "noop" });
    assert.deepEqual(told, { [AUTHORITY]: "a.test", [OWN]: "mine" });
  });

  it("are told of no other client: each has connections of its own", async () => {
    // Even where all clients seem to come from the same address and port.
    assert.deepEqual(await exchange("ingress", { [OWN]: "one" }), { [OWN]: "one" });
    assert.deepEqual(await exchange("ingress", { [OWN]: "two" }), { [OWN]: "two" });
    assert.deepEqual(await exchange("ingress", {}), {});
  });

  it("go on through a TCP proxy", async () => {
    assert.deepEqual(await exchange("tcp", { [SECRET]: "s", 4: "noop" }), { [SECRET]: "s" });
  });

  it("go on with the bytes of a CONNECT that ends here", async () => {
    const bytes = `CONNECT far:443 HTTP/1.1\r\nhost: far:443\r\n\r\n${REQUEST}`;
    assert.deepEqual(await exchange("ingress", { [OWN]: "mine", [SECRET]: "s" }, bytes, 2), { [OWN]: "mine" });
  });
});
