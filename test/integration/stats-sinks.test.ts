import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { describe, it, type TestContext } from "node:test";
import { requestOnce } from "../harness/http1-client.ts";
import { answerRoute, loopback, sampleBootstrap, sampleCluster } from "../harness/sample-bootstrap.ts";
import { type RunningProxy, startProxy } from "../harness/start-proxy.ts";
import { TcpUpstream } from "../harness/tcp-peer.ts";
import { until } from "../harness/until.ts";

const STATSD = "type.googleapis.com/envoy.config.metrics.v3.StatsdSink";
const DOG = "type.googleapis.com/envoy.config.metrics.v3.DogStatsdSink";

async function start(t: TestContext, sink: object, clusters: readonly object[] = []): Promise<RunningProxy> {
  const more = { stats_sinks: [{ name: "sink", typed_config: sink }], stats_flush_interval: "0.1s" };
  const config = sampleBootstrap({ clusters, more, listeners: [{ routes: [answerRoute("hi")] }] });
  const proxy = await startProxy({ config, concurrency: 2 });
  t.after(() => proxy.kill());
  return proxy;
}

/** Collects datagrams on a loopback port. */
async function udpServer(t: TestContext): Promise<{ readonly port: number; readonly datagrams: string[] }> {
  const socket = createSocket("udp4");
  const datagrams: string[] = [];
  socket.on("message", (message) => datagrams.push(message.toString()));
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  t.after(() => socket.close());
  return { port: socket.address().port, datagrams };
}

/** The sum of a counter's increments. */
function counted(lines: readonly string[], name: string): number {
  return lines.reduce((sum, line) => {
    const match = /^([^:]+):(\d+)\|c/.exec(line);
    return match?.[1] === name ? sum + Number(match[2]) : sum;
  }, 0);
}

describe("A statsd sink", () => {
  it("gets each stat of all workers in a datagram of its own, every flush interval", async (t) => {
    const { port, datagrams } = await udpServer(t);
    const proxy = await start(t, { "@type": STATSD, address: loopback(port), prefix: "edge" });
    for (let i = 0; i < 6; i++) await requestOnce(proxy.port());
    await until(
      "the counts",
      () =>
        counted(datagrams, "edge.http.ingress.downstream_rq_200") === 0 &&
        counted(datagrams, "edge.http.ingress.downstream_rq_2xx") === 6,
    );
    assert.ok(datagrams.every((datagram) => !datagram.includes("\n")));
    await until("a timer", () =>
      datagrams.some((line) => /^edge\.http\.ingress\.downstream_rq_time:[\d.]+\|ms/.test(line)),
    );
    await until("a gauge", () => datagrams.includes("edge.server.live:1|g"));
  });

  it("gets them over one TCP connection to a host of a cluster, and over a new one when that breaks", async (t) => {
    const upstream = await TcpUpstream.start();
    t.after(() => upstream.close());
    const clusters = [sampleCluster("sink", [loopback(upstream.port)])];
    const proxy = await start(t, { "@type": STATSD, tcp_cluster_name: "sink" }, clusters);
    const first = await upstream.connection();
    await requestOnce(proxy.port());
    await until("the count", () => counted(first.text.split("\n"), "envoy.http.ingress.downstream_rq_2xx") === 1);
    assert.equal(upstream.connections.length, 1);
    first.destroy();
    const second = await upstream.connection(2);
    await requestOnce(proxy.port());
    await until("the count", () => counted(second.text.split("\n"), "envoy.http.ingress.downstream_rq_2xx") === 1);
  });

  it("is said to fail once when nobody listens, and harms nothing", async (t) => {
    const clusters = [sampleCluster("sink", [loopback(1)])];
    const proxy = await start(t, { "@type": STATSD, tcp_cluster_name: "sink" }, clusters);
    await proxy.waitForLog(/stats can't be sent/);
    assert.equal((await requestOnce(proxy.port())).body, "hi");
  });

  it("can't be changed by a reload", async (t) => {
    const { port } = await udpServer(t);
    const proxy = await start(t, { "@type": STATSD, address: loopback(port) });
    const answer = await proxy.reload(sampleBootstrap({ listeners: [{ routes: [answerRoute("hi")] }] }));
    assert.match(answer.body, /stats_sinks can't change while Troupe runs/);
  });
});

describe("A DogStatsD sink", () => {
  it("gathers lines with tags into datagrams of the size it is given", async (t) => {
    const { port, datagrams } = await udpServer(t);
    const sink = { "@type": DOG, address: loopback(port), max_bytes_per_datagram: 512 };
    const proxy = await start(t, sink);
    await requestOnce(proxy.port());
    const line = /^envoy\.http\.downstream_rq_xx:1\|c\|#.*envoy\.response_code_class:2/m;
    await until("the count", () => datagrams.some((datagram) => line.test(datagram)));
    assert.ok(datagrams.some((datagram) => datagram.includes("\n")));
    assert.ok(datagrams.every((datagram) => datagram.length <= 512));
  });
});
