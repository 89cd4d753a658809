import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { FakeClock } from "../../../../harness/fake-clock.ts";
import { REFUSING_PORT } from "../../../../harness/refusing-port.ts";
import { loopback, sampleCluster } from "../../../../harness/sample-bootstrap.ts";
import { type TcpPeer, TcpUpstream } from "../../../../harness/tcp-peer.ts";
import { until } from "../../../../harness/until.ts";
import { TcpProxied } from "./tcp-proxied.ts";

const MEBI = 1024 * 1024;
const CLUSTER = "cluster.app.upstream";

describe("envoy.filters.network.tcp_proxy", () => {
  it("moves bytes both ways, and counts connections and bytes", async (t) => {
    const proxied = await TcpProxied.start(t);
    const { client, server } = await proxied.pair();
    client.write("hello");
    await server.untilText("hello");
    server.write("good day");
    await client.untilText("good day");
    const counted = (name: string) => proxied.stat(`tcp.in.downstream_cx_${name}`);
    assert.deepEqual([counted("total"), counted("rx_bytes_total"), counted("tx_bytes_total")], [1, 5, 8]);
    const names = ["cx_total", "cx_active", "rq_total", "rq_active", "cx_tx_bytes_total", "cx_rx_bytes_total"];
    assert.deepEqual(
      names.map((name) => proxied.stat(`${CLUSTER}_${name}`)),
      [1, 1, 1, 1, 5, 8],
    );
  });

  it("lets a server speak first", async (t) => {
    const proxied = await TcpProxied.start(t);
    proxied.upstream.onConnection((server) => server.write("220 ready"));
    const client = await proxied.tcp.client();
    await client.untilText("220 ready");
  });

  it("passes on bytes that came before the upstream was connected, and their end", async (t) => {
    const proxied = await TcpProxied.start(t);
    const client = await proxied.tcp.client();
    client.write("early");
    client.end();
    const server = await proxied.upstream.connection();
    await server.untilText("early");
    await server.untilEnded();
    server.end();
    await client.untilClosed();
  });

  describe("half-close", () => {
    it("lets a server answer after the client's end", async (t) => {
      const proxied = await TcpProxied.start(t);
      const { client, server } = await proxied.pair();
      client.write("question");
      client.end();
      await server.untilEnded();
      assert.equal(server.text, "question");
      server.write("answer");
      server.end();
      await client.untilClosed();
      assert.deepEqual([client.text, client.error, server.error], ["answer", "", ""]);
      await until("the end of the upstream connection", () => proxied.stat(`${CLUSTER}_cx_active`) === 0);
    });

    it("lets a client go on after the server's end", async (t) => {
      const proxied = await TcpProxied.start(t);
      const { client, server } = await proxied.pair();
      server.write("that is all");
      server.end();
      await client.untilEnded();
      client.write("thank you");
      await server.untilText("thank you");
      client.end();
      await server.untilClosed();
      assert.deepEqual([client.text, server.text, server.error], ["that is all", "thank you", ""]);
      const [line] = await proxied.logged();
      assert.deepEqual([line?.flags, line?.info.bytesReceived, line?.info.bytesSent], ["", 9, 11]);
    });
  });

  describe("resets", () => {
    it("resets the client when the server resets, and logs UR", async (t) => {
      const proxied = await TcpProxied.start(t);
      const { client, server } = await proxied.pair();
      server.reset();
      await client.untilClosed();
      assert.equal(client.error, "ECONNRESET");
      const [line] = await proxied.logged();
      assert.equal(line?.flags, "UR");
      assert.equal(proxied.stat(`${CLUSTER}_cx_destroy_remote_with_active_rq`), 1);
    });

    it("resets the server when the client resets", async (t) => {
      const proxied = await TcpProxied.start(t);
      const { client, server } = await proxied.pair();
      client.reset();
      await server.untilClosed();
      assert.equal(server.error, "ECONNRESET");
      assert.equal(proxied.stat(`${CLUSTER}_cx_destroy_local_with_active_rq`), 1);
    });
  });

  describe("back-pressure", () => {
    const limits = { per_connection_buffer_limit_bytes: 64 * 1024 };

    it("does not read a server whose client does not read, and delivers everything in the end", async (t) => {
      const proxied = await TcpProxied.start(t, { listener: limits, cluster: limits });
      const { client, server } = await proxied.pair(false);
      client.socket.pause();
      const total = 64 * MEBI;
      const block = Buffer.alloc(MEBI, "x");
      for (let sent = 0; sent < total; sent += MEBI) server.write(block);
      server.end();
      const flow = (what: string) => proxied.stat(`${CLUSTER}_flow_control_${what}_reading_total`);
      await until("a pause", () => flow("paused") > flow("resumed"));
      const buffered = proxied.stat("tcp.in.downstream_cx_tx_bytes_buffered");
      assert.ok(buffered > 0 && buffered < 2 * MEBI, `${buffered} bytes are held`);
      assert.ok(server.socket.writableLength > total / 2, "the server could write on");
      client.socket.resume();
      await until("all of it", () => client.bytesReceived === total);
      await client.untilEnded();
      assert.ok(flow("resumed") >= 1);
    });

    it("does not read a client whose server does not read, and delivers everything in the end", async (t) => {
      const proxied = await TcpProxied.start(t, { listener: limits, cluster: limits, keep: false });
      const { client, server } = await proxied.pair();
      server.socket.pause();
      const total = 64 * MEBI;
      const block = Buffer.alloc(MEBI, "x");
      for (let sent = 0; sent < total; sent += MEBI) client.write(block);
      client.end();
      const flow = (what: string) => proxied.stat(`tcp.in.downstream_flow_control_${what}_reading_total`);
      await until("a pause", () => flow("paused") > flow("resumed"));
      assert.ok(client.socket.writableLength > total / 2, "the client could write on");
      assert.equal(proxied.stat(`${CLUSTER}_flow_control_backed_up_total`), flow("paused"));
      server.socket.resume();
      await until("all of it", () => server.bytesReceived === total);
      await server.untilEnded();
    });
  });

  it("delivers every byte as it was while several slow readers hold them up", async (t) => {
    const limits = { per_connection_buffer_limit_bytes: 512 * 1024 };
    const proxied = await TcpProxied.start(t, { listener: limits, cluster: limits });
    const pairs = [await proxied.pair(), await proxied.pair(), await proxied.pair()];
    const sent = pairs.map((_, i) => Buffer.alloc(12 * MEBI, `connection ${i} sends these bytes, `));
    const stutters = pairs.flatMap(({ client, server }, i) => {
      client.write(sent[i]!);
      server.write(sent[i]!);
      return [stutter(client), stutter(server)];
    });
    const all = (peer: TcpPeer) => peer.bytesReceived === 12 * MEBI;
    await until("all bytes", () => pairs.every(({ client, server }) => all(client) && all(server)));
    for (const stop of stutters) stop();
    for (const [i, { client, server }] of pairs.entries()) {
      assert.ok(client.bytes.equals(sent[i]!), `client ${i}`);
      assert.ok(server.bytes.equals(sent[i]!), `server ${i}`);
    }
  });

  describe("when a client has gone whose bytes still wait for the server", () => {
    const roomy = { per_connection_buffer_limit_bytes: 256 * MEBI };
    const total = 32 * MEBI;

    /** A connection that the client has ended, and the server too, with bytes on the way. */
    async function flushing(t: TestContext, clock?: FakeClock) {
      const more = clock === undefined ? {} : { clock };
      const proxied = await TcpProxied.start(t, { listener: roomy, cluster: roomy, keep: false, ...more });
      const { client, server } = await proxied.pair();
      server.socket.pause();
      client.write(Buffer.alloc(total, "x"));
      client.end();
      await until("all in the proxy", () => proxied.stat("tcp.in.downstream_cx_rx_bytes_total") === total);
      assert.ok(proxied.stat("cluster.app.upstream_cx_tx_bytes_buffered") > MEBI);
      server.end();
      await client.untilClosed();
      await until("the flush", () => proxied.stat("tcp.in.upstream_flush_active") === 1);
      assert.equal(proxied.stat("tcp.in.upstream_flush_total"), 1);
      return { proxied, server };
    }

    it("still sends them", async (t) => {
      const { proxied, server } = await flushing(t);
      server.socket.resume();
      await until("all of it", () => server.bytesReceived === total);
      await server.untilClosed();
      await until("the end of the flush", () => proxied.stat("tcp.in.upstream_flush_active") === 0);
      assert.equal(server.error, "");
    });

    it("gives up when the server takes none of them for the idle timeout", async (t) => {
      const clock = new FakeClock();
      const { proxied } = await flushing(t, clock);
      clock.advance(3_600_020);
      await until("the end of the flush", () => proxied.stat("tcp.in.upstream_flush_active") === 0);
      assert.equal(proxied.stat("tcp.in.idle_timeout"), 1);
      assert.equal(proxied.stat("cluster.app.upstream_cx_active"), 0);
    });
  });

  describe("without an upstream", () => {
    it("tries to connect as often as it may, then gives up with UF and URX", async (t) => {
      const proxied = await TcpProxied.start(t, { port: REFUSING_PORT, proxy: { max_connect_attempts: 3 } });
      const client = await proxied.tcp.client();
      await client.untilEnded();
      const [line] = await proxied.logged();
      assert.equal(line?.flags, "UF,URX");
      const { upstream } = line!.info;
      assert.equal(upstream?.transportFailureReason, "delayed connect error: Connection refused");
      assert.deepEqual(
        ["cx_connect_fail", "cx_connect_attempts_exceeded", "cx_active", "rq_pending_active"].map((name) =>
          proxied.stat(`${CLUSTER}_${name}`),
        ),
        [3, 1, 0, 0],
      );
    });

    it("gives up with UH when there is no host", async (t) => {
      const proxied = await TcpProxied.start(t, { cluster: { load_assignment: { cluster_name: "app" } } });
      const client = await proxied.tcp.client();
      await client.untilEnded();
      const [line] = await proxied.logged();
      assert.equal(line?.flags, "UH");
      assert.equal(proxied.stat(`${CLUSTER}_cx_none_healthy`), 1);
    });

    it("gives up with NC when its cluster has gone", async (t) => {
      const proxied = await TcpProxied.start(t);
      proxied.tcp.path.clusters.apply({ upserts: [], removals: ["app"], breakerChunks: [] });
      const client = await proxied.tcp.client();
      await client.untilEnded();
      const [line] = await proxied.logged();
      assert.equal(line?.flags, "NC");
      assert.equal(proxied.stat("tcp.in.downstream_cx_no_route"), 1);
    });

    it("gives up with UO when the cluster has all the connections it may have", async (t) => {
      const circuit_breakers = { thresholds: [{ max_connections: 1 }] };
      const proxied = await TcpProxied.start(t, { cluster: { circuit_breakers } });
      const first = await proxied.pair();
      const client = await proxied.tcp.client();
      await client.untilEnded();
      const [line] = await proxied.logged();
      assert.equal(line?.flags, "UO");
      assert.equal(proxied.stat(`${CLUSTER}_cx_overflow`), 1);
      first.client.end();
      first.server.end();
      await until("room for another", () => proxied.stat(`${CLUSTER}_cx_active`) === 0);
      await proxied.pair();
    });
  });

  it("sends connections to clusters by their weights", async (t) => {
    const other = await TcpUpstream.start();
    t.after(() => other.close());
    const draws = [0.74, 0.76];
    const random = { uint32: () => 0, fraction: () => draws.shift() ?? 0, uuid: () => "" };
    const clusters = [
      { name: "app", weight: 3 },
      { name: "other", weight: 1 },
    ];
    const proxied = await TcpProxied.start(t, {
      random,
      proxy: { weighted_clusters: { clusters } },
      clusters: [sampleCluster("other", [loopback(other.port)])],
    });
    await proxied.pair();
    await proxied.tcp.client();
    await other.connection();
    assert.deepEqual([proxied.upstream.connections.length, other.connections.length], [1, 1]);
  });

  it("sends all connections of one client to the same host if the source IP is hashed", async (t) => {
    const others = await Promise.all([TcpUpstream.start(), TcpUpstream.start(), TcpUpstream.start()]);
    t.after(() => Promise.all(others.map((other) => other.close())));
    const addresses = others.map(({ port }) => loopback(port));
    const { load_assignment } = sampleCluster("app", addresses) as { load_assignment: object };
    const cluster = { load_assignment, lb_policy: "RING_HASH" };
    const proxied = await TcpProxied.start(t, { cluster, proxy: { hash_policy: [{ source_ip: {} }] } });
    for (let i = 0; i < 9; i++) {
      const client = await proxied.tcp.client();
      client.write("?");
    }
    const counts = () => others.map(({ connections }) => connections.length).toSorted();
    await until("all connections", () => counts().at(-1) === 9);
    assert.deepEqual(counts(), [0, 0, 9]);
  });

  it("sends connections to the hosts that metadata_match asks for", async (t) => {
    const canary = await TcpUpstream.start();
    const stable = await TcpUpstream.start();
    t.after(() => Promise.all([canary.close(), stable.close()]));
    const endpoint = ({ port }: TcpUpstream, stage: string) => ({
      endpoint: { address: loopback(port) },
      metadata: { filter_metadata: { "envoy.lb": { stage } } },
    });
    const lb_endpoints = [endpoint(stable, "stable"), endpoint(canary, "canary")];
    const cluster = {
      load_assignment: { cluster_name: "app", endpoints: [{ lb_endpoints }] },
      lb_subset_config: { subset_selectors: [{ keys: ["stage"] }] },
    };
    const metadata_match = { filter_metadata: { "envoy.lb": { stage: "canary" } } };
    const proxied = await TcpProxied.start(t, { cluster, proxy: { metadata_match } });
    for (let i = 0; i < 4; i++) await proxied.tcp.client();
    await until("all connections", () => canary.connections.length === 4);
    assert.equal(stable.connections.length, 0);
  });

  it("refuses clusters that are not there, and settings it lacks, by name", async (t) => {
    const start = (proxy: object) => TcpProxied.start(t, { proxy });
    await assert.rejects(start({ cluster: "nowhere" }), /nowhere/);
    await assert.rejects(start({ on_demand: {} }), /on_demand.*not supported yet/s);
  });
});

/** Makes a peer stop reading after each piece, for some turns of the event loop. */
function stutter(peer: TcpPeer): () => void {
  let stopped = false;
  peer.socket.on("data", () => {
    if (stopped) return;
    peer.socket.pause();
    let turns = 20;
    const wait = (): void => {
      if (turns-- === 0 || stopped) peer.socket.resume();
      else setImmediate(wait);
    };
    setImmediate(wait);
  });
  return () => {
    stopped = true;
  };
}
