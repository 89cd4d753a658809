import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { describe, it, type TestContext } from "node:test";
import { requestOnce } from "../harness/http1-client.ts";
import { OtlpMetricsCollector } from "../harness/otlp-collectors.ts";
import { answerRoute, loopback, sampleBootstrap, sampleCluster } from "../harness/sample-bootstrap.ts";
import { type RunningProxy, startProxy } from "../harness/start-proxy.ts";
import { TcpUpstream } from "../harness/tcp-peer.ts";
import { startTestProxy } from "../harness/test-proxy.ts";
import { until } from "../harness/until.ts";

const STATSD = "type.googleapis.com/envoy.config.metrics.v3.StatsdSink";
const DOG = "type.googleapis.com/envoy.config.metrics.v3.DogStatsdSink";

async function start(t: TestContext, sink: object, clusters: readonly object[] = []): Promise<RunningProxy> {
  const more = { stats_sinks: [{ name: "sink", typed_config: sink }], stats_flush_interval: "0.1s" };
  const config = sampleBootstrap({ clusters, more, listeners: [{ routes: [answerRoute("hi")] }] });
  return startTestProxy(t, { config, concurrency: 2 });
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

/** How many datagrams the system has dropped because the socket's buffer was full, from Linux's table of UDP sockets. */
function lostDatagrams(port: number): number {
  const local = `0100007F:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const line = readFileSync("/proc/net/udp", "utf8")
    .split("\n")
    .find((each) => each.includes(` ${local} `));
  return Number(line?.trim().split(/\s+/).at(-1) ?? 0);
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
    const twoXx = () => counted(datagrams, "edge.http.ingress.downstream_rq_2xx");
    await proxy.until("counts of which no datagram was lost", async () => {
      const [before, lost] = [twoXx(), lostDatagrams(port)];
      for (let i = 0; i < 6; i++) await requestOnce(proxy.port());
      // The system drops what a receiver that is held up does not take in time.
      await until("the counts", () => twoXx() === before + 6 || lostDatagrams(port) > lost);
      return twoXx() === before + 6;
    });
    assert.equal(counted(datagrams, "edge.http.ingress.downstream_rq_200"), 0);
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

describe("An OpenTelemetry sink", () => {
  const OPEN_TELEMETRY = "type.googleapis.com/envoy.extensions.stat_sinks.open_telemetry.v3.SinkConfig";
  const RQ_2XX = { "envoy.http_conn_manager_prefix": "ingress", "envoy.response_code_class": "2" };

  async function scene(t: TestContext, fields: object = {}) {
    const collector = await OtlpMetricsCollector.start();
    t.after(() => collector.stop());
    const sink = { "@type": OPEN_TELEMETRY, grpc_service: { envoy_grpc: { cluster_name: "otel" } }, ...fields };
    const proxy = await start(t, sink, [sampleCluster("otel", [loopback(collector.port)])]);
    return { collector, proxy };
  }

  it("gets the stats of all workers every flush interval: sums, gauges and histograms, with tags as attributes", async (t) => {
    const { collector, proxy } = await scene(t);
    for (let i = 0; i < 6; i++) await requestOnce(proxy.port());
    const rq = () => collector.last("http.downstream_rq_xx", RQ_2XX);
    await until("the count", () => rq()?.value === 6, 20_000);
    assert.deepEqual([rq()!.kind, rq()!.temporality, rq()!.monotonic], ["sum", 2, true]);
    assert.ok(rq()!.endMs > rq()!.startMs && Math.abs(rq()!.endMs - Date.now()) < 60_000);
    const live = collector.last("server.live")!;
    assert.deepEqual([live.kind, live.value, live.attributes], ["gauge", 1, {}]);
    const time = () => collector.last("http.downstream_rq_time");
    await until("the times", () => time()?.value === 6, 20_000);
    assert.deepEqual([time()!.kind, time()!.bounds.slice(0, 3), time()!.counts.length], ["histogram", [0.5, 1, 5], 20]);
    assert.equal(
      time()!.counts.reduce((sum, count) => sum + count),
      6,
    );
    const names = collector.exports.at(-1)!.map(({ name, kind }) => `${kind} ${name}`);
    assert.ok(new Set(names).size < names.length, "points with different attributes share a metric");
    await proxy.until(
      "the counter",
      async () => ((await proxy.stats("exports_success")).get("open_telemetry_sink.exports_success") ?? 0) > 0,
    );
  });

  it("gets what has come since the last time, under full names with a prefix, if that is wanted", async (t) => {
    const { collector, proxy } = await scene(t, {
      report_counters_as_deltas: true,
      report_histograms_as_deltas: true,
      emit_tags_as_attributes: false,
      use_tag_extracted_name: false,
      prefix: "edge",
    });
    const sum = (name: string): number =>
      collector.exports.flat().reduce((total, point) => total + (point.name === name ? point.value : 0), 0);
    for (let i = 1; i <= 3; i++) {
      await requestOnce(proxy.port());
      await until("the growth", () => sum("edge.http.ingress.downstream_rq_2xx") === i, 20_000);
      await until("the time", () => sum("edge.http.ingress.downstream_rq_time") === i, 20_000);
    }
    const point = collector.last("edge.http.ingress.downstream_rq_2xx")!;
    assert.deepEqual([point.temporality, point.attributes], [1, {}]);
    assert.ok(point.endMs - point.startMs < 60_000);
  });

  it("skips intervals while a collector does not answer, gives up, and comes back", async (t) => {
    const { collector, proxy } = await scene(t, {
      grpc_service: { envoy_grpc: { cluster_name: "otel" }, timeout: "0.5s" },
    });
    await until("an export", () => collector.exports.length > 0, 20_000);
    collector.answers = false;
    const stat = async (name: string) =>
      (await proxy.stats("exports_")).get(`open_telemetry_sink.exports_${name}`) ?? 0;
    await proxy.until("the failure", async () => (await stat("failed")) > 0 && (await stat("skipped")) > 0, 20_000);
    await proxy.waitForLog(/stats can't be sent/);
    collector.answers = true;
    await requestOnce(proxy.port());
    await until("the count", () => collector.last("http.downstream_rq_xx", RQ_2XX)?.value === 1, 20_000);
  });
});

describe("stats_flush_on_admin", () => {
  it("sends stats when somebody asks for them, and at no other time", async (t) => {
    const { port, datagrams } = await udpServer(t);
    const sink = { "@type": STATSD, address: loopback(port) };
    const more = { stats_sinks: [{ name: "sink", typed_config: sink }], stats_flush_on_admin: true };
    const proxy = await startTestProxy(t, {
      config: sampleBootstrap({ more, listeners: [{ routes: [answerRoute("hi")] }] }),
    });
    for (let i = 1; i <= 2; i++) {
      await requestOnce(proxy.port());
      assert.equal(counted(datagrams, "envoy.http.ingress.downstream_rq_2xx"), i - 1);
      // A worker that is held up may report too late for the first one who asks.
      await proxy.until("the flush", async () => {
        await proxy.admin(i === 1 ? "/stats" : "/stats/prometheus");
        return counted(datagrams, "envoy.http.ingress.downstream_rq_2xx") === i;
      });
    }
  });

  it("excludes an interval", async (t) => {
    const more = { stats_flush_interval: "1s", stats_flush_on_admin: true };
    await assert.rejects(
      startProxy({ config: sampleBootstrap({ more }) }).then((proxy) => t.after(() => proxy.kill())),
      /stats_flush_on_admin.*excludes stats_flush_interval/,
    );
  });
});
