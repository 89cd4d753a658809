import assert from "node:assert/strict";
import dgram from "node:dgram";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, it, type TestContext } from "node:test";
import { answerRoute, loopback, sampleBootstrap, sampleCluster } from "../harness/sample-bootstrap.ts";
import { type RunningProxy, startProxy } from "../harness/start-proxy.ts";
import { startTestProxy } from "../harness/test-proxy.ts";
import { UdpClient, type UdpClientOptions, UdpEcho } from "../harness/udp-peer.ts";
import { until } from "../harness/until.ts";

const PREFIX = "type.googleapis.com/envoy.extensions.filters.udp.udp_proxy.v3";

function udpAddress(port: number, address = "127.0.0.1"): object {
  return { socket_address: { protocol: "UDP", address, port_value: port } };
}

interface UdpSample {
  /** Fields of the udp_proxy. */
  readonly proxy?: object;
  /** Fields of the listener. */
  readonly listener?: object;
  readonly address?: object;
  readonly cluster?: object;
  readonly runtime?: object;
}

function config(hosts: readonly { readonly port: number }[], sample: UdpSample = {}): object {
  const filter = {
    name: "envoy.filters.udp_listener.udp_proxy",
    typed_config: { "@type": `${PREFIX}.UdpProxyConfig`, stat_prefix: "dns", cluster: "app", ...sample.proxy },
  };
  const listener = {
    name: "udp",
    stat_prefix: "in",
    address: sample.address ?? udpAddress(0),
    udp_listener_config: {},
    listener_filters: [filter],
    ...sample.listener,
  };
  const cluster = sampleCluster(
    "app",
    hosts.map(({ port }) => loopback(port)),
    sample.cluster,
  );
  return { static_resources: { listeners: [listener], clusters: [cluster] } };
}

async function start(t: TestContext, proxyConfig: object, concurrency = 1): Promise<RunningProxy> {
  return startTestProxy(t, { config: proxyConfig, concurrency, args: ["--drain-time-s", "60"] });
}

async function echo(t: TestContext, name = "one"): Promise<UdpEcho> {
  const upstream = await UdpEcho.start(name);
  t.after(() => upstream.close());
  return upstream;
}

async function client(t: TestContext, port: number, options: UdpClientOptions = {}) {
  const opened = await UdpClient.open(port, options);
  t.after(() => opened.close());
  return opened;
}

async function untilStats(proxy: RunningProxy, wanted: Readonly<Record<string, number>>): Promise<void> {
  let seen = {};
  const names = Object.keys(wanted);
  const reached = async (): Promise<boolean> => {
    const stats = await proxy.stats();
    seen = Object.fromEntries(names.map((name) => [name, stats.get(name)]));
    return names.every((name) => stats.get(name) === wanted[name]);
  };
  await proxy.until(`these counts: ${JSON.stringify(wanted)}`, reached).catch(() => assert.deepEqual(seen, wanted));
}

/** How many sessions each worker says that it has, in ascending order. */
async function sessionsOfWorkers(proxy: RunningProxy): Promise<number[]> {
  const { body } = await proxy.admin("/actors?format=json");
  return [...body.matchAll(/"udpSessions": (\d+)/g)].map(([, count]) => Number(count)).sort((a, b) => a - b);
}

describe("A UDP listener", () => {
  it("gives each client a session with a host, and counts both sides", async (t) => {
    const upstream = await echo(t);
    const proxy = await start(t, config([upstream]));
    const [a, b] = [await client(t, proxy.port()), await client(t, proxy.port())];
    const [first = "", second = ""] = [await a.ask("1"), await b.ask("22")];
    assert.match(first, /^one \d+ 1$/);
    assert.notEqual(first.split(" ")[1], second.split(" ")[1]);
    assert.equal((await a.ask("333")).split(" ")[1], first.split(" ")[1]);
    assert.deepEqual([upstream.peers.size, upstream.received], [2, 3]);

    const answered = [first, second, first].reduce(
      (sum, text) => sum + text.split(" ").slice(0, 2).join(" ").length + 1,
      6,
    );
    await untilStats(proxy, {
      "udp.dns.downstream_sess_total": 2,
      "udp.dns.downstream_sess_active": 2,
      "udp.dns.downstream_sess_rx_datagrams": 3,
      "udp.dns.downstream_sess_rx_bytes": 6,
      "udp.dns.downstream_sess_tx_datagrams": 3,
      "udp.dns.downstream_sess_tx_bytes": answered,
      "udp.dns.downstream_sess_no_route": 0,
      "cluster.app.udp.sess_tx_datagrams": 3,
      "cluster.app.udp.sess_rx_datagrams": 3,
      "cluster.app.udp.sess_tx_errors": 0,
      "cluster.app.upstream_cx_tx_bytes_total": 6,
      "cluster.app.upstream_cx_rx_bytes_total": answered,
      "listener.in.udp.downstream_rx_datagram_dropped": 0,
    });
    assert.match((await proxy.admin("/listeners")).body, new RegExp(`^udp::127.0.0.1:${proxy.port()}$`, "m"));
    assert.match(
      (await proxy.admin("/clusters")).body,
      new RegExp(`^app::127.0.0.1:${upstream.port}::cx_active::2$`, "m"),
    );
  });

  it("runs as docs/examples/udp.yaml has it", async (t) => {
    const upstream = await echo(t);
    const example = readFileSync(path.join(import.meta.dirname, "../../docs/examples/udp.yaml"), "utf8");
    const yaml = example
      .replace("port_value: 9901", "port_value: 0")
      .replace("port_value: 5300", "port_value: 0")
      .replaceAll(/127\.0\.0\.5[34], port_value: 53/g, `127.0.0.1, port_value: ${upstream.port}`);
    const proxy = await startTestProxy(t, { config: yaml });
    assert.match(await (await client(t, proxy.port("dns"))).ask("?"), /^one \d+ \?$/);
  });

  it("keeps each client on one worker and one host, whatever worker it comes to", async (t) => {
    const upstreams = [await echo(t, "one"), await echo(t, "two"), await echo(t, "three")];
    const proxy = await start(t, config(upstreams), 3);
    const clients = await Promise.all(Array.from({ length: 60 }, () => client(t, proxy.port())));
    for (let round = 0; round < 4; round++) await Promise.all(clients.map((each) => each.ask(String(round))));
    for (const { received } of clients) {
      const places = new Set(received.map((text) => text.split(" ").slice(0, 2).join(" ")));
      assert.equal(places.size, 1, received.join());
    }
    await untilStats(proxy, { "udp.dns.downstream_sess_total": 60, "udp.dns.downstream_sess_rx_datagrams": 240 });
    let shares: readonly number[] = [];
    await proxy.until("all workers' reports", async () => {
      shares = await sessionsOfWorkers(proxy);
      return shares.reduce((sum, count) => sum + count, 0) === 60;
    });
    assert.ok(shares.filter((count) => count > 0).length >= 2, `sessions of the workers: ${shares}`);
  });

  it("sends what a host says by itself, until the session is idle for too long", async (t) => {
    const upstream = await echo(t);
    const proxy = await start(t, config([upstream], { proxy: { idle_timeout: "3s" } }));
    const one = await client(t, proxy.port());
    const [, port = ""] = (await one.ask("hello")).split(" ");
    upstream.send("by itself", Number(port));
    await until("what came by itself", () => one.received.includes("by itself"));
    await untilStats(proxy, {
      "udp.dns.idle_timeout": 1,
      "udp.dns.downstream_sess_active": 0,
      "udp.dns.downstream_sess_total": 1,
    });
    const [, next = ""] = (await one.ask("again")).split(" ");
    assert.notEqual(next, port);
    await untilStats(proxy, { "udp.dns.downstream_sess_total": 2 });
  });

  it("chooses hosts by the source address or by a key", async (t) => {
    const upstreams = [await echo(t, "one"), await echo(t, "two"), await echo(t, "three")];
    const maglev = { lb_policy: "MAGLEV" };
    const hosts = async (proxy: RunningProxy, sources: readonly string[]) => {
      const clients = await Promise.all(sources.map((from) => client(t, proxy.port(), { from, host: "127.0.0.1" })));
      return Promise.all(clients.map(async (each) => (await each.ask("?")).split(" ")[0]));
    };
    const bySource = await start(
      t,
      config(upstreams, { proxy: { hash_policies: [{ source_ip: true }] }, cluster: maglev }),
      2,
    );
    const one = Array.from({ length: 12 }, () => "127.0.0.7");
    assert.equal(new Set(await hosts(bySource, one)).size, 1);
    const many = Array.from({ length: 12 }, (_, i) => `127.0.0.${i + 10}`);
    assert.ok(new Set(await hosts(bySource, many)).size > 1);
    const byKey = await start(t, config(upstreams, { proxy: { hash_policies: [{ key: "all" }] }, cluster: maglev }), 2);
    assert.equal(new Set(await hosts(byKey, many)).size, 1);
  });

  it("balances each datagram by itself with use_per_packet_load_balancing", async (t) => {
    const upstreams = [await echo(t, "one"), await echo(t, "two")];
    const proxy = await start(t, config(upstreams, { proxy: { use_per_packet_load_balancing: true } }));
    const one = await client(t, proxy.port());
    for (let i = 0; i < 6; i++) await one.ask("x");
    assert.deepEqual(
      upstreams.map(({ received, peers }) => [received, peers.size]),
      [
        [3, 1],
        [3, 1],
      ],
    );
    await untilStats(proxy, { "udp.dns.downstream_sess_total": 2 });
  });

  it("has as many sessions as the circuit breaker allows, over all workers", async (t) => {
    const upstream = await echo(t);
    const cluster = { circuit_breakers: { thresholds: [{ max_connections: 5 }] } };
    const proxy = await start(t, config([upstream], { cluster }), 3);
    const clients = await Promise.all(Array.from({ length: 12 }, () => client(t, proxy.port())));
    for (const each of clients) each.send("?");
    await untilStats(proxy, { "cluster.app.upstream_cx_overflow": 7, "udp.dns.downstream_sess_total": 5 });
    await until("five answers", () => clients.filter(({ received }) => received.length === 1).length === 5);
  });

  it("drops what is too large, on either side, and counts it", async (t) => {
    const upstream = await echo(t);
    const proxy = await start(
      t,
      config([upstream], {
        listener: { udp_listener_config: { downstream_socket_config: { max_rx_datagram_size: 100 } } },
        proxy: { upstream_socket_config: { max_rx_datagram_size: 2000 } },
      }),
    );
    const one = await client(t, proxy.port());
    one.send("y".repeat(101));
    assert.equal((await one.ask("large 2000")).length, 2000);
    one.send("large 2001");
    await untilStats(proxy, {
      "listener.in.udp.downstream_rx_datagram_dropped": 1,
      "cluster.app.udp.sess_rx_datagrams_dropped": 1,
      "cluster.app.udp.sess_rx_datagrams": 1,
    });
  });

  it("takes another host for clients whose host is gone, or unhealthy", async (t) => {
    const [one, two] = [await echo(t, "one"), await echo(t, "two")];
    const proxy = await start(t, config([one]));
    const peer = await client(t, proxy.port());
    assert.match(await peer.ask("1"), /^one/);
    assert.equal((await proxy.reload(config([two]))).status, 200);
    assert.match(await peer.ask("2"), /^two/);
    await untilStats(proxy, { "udp.dns.downstream_sess_total": 2, "udp.dns.downstream_sess_active": 1 });
    assert.equal((await proxy.reload(config([]))).status, 200);
    peer.send("3");
    await untilStats(proxy, { "cluster.app.upstream_cx_none_healthy": 1, "udp.dns.downstream_sess_active": 0 });
  });

  it("has a line in its access log for each session that ended", async (t) => {
    const upstream = await echo(t);
    const inline_string =
      "%ACCESS_LOG_TYPE% %DOWNSTREAM_REMOTE_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% %UPSTREAM_HOST% %UPSTREAM_CLUSTER% " +
      "%BYTES_RECEIVED% %BYTES_SENT% %DYNAMIC_METADATA(udp.proxy.session:datagrams_received)% " +
      "%DYNAMIC_METADATA(udp.proxy.session:datagrams_sent)%\n";
    const type = "type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog";
    const log_format = { text_format_source: { inline_string } };
    const access_log = [{ name: "envoy.access_loggers.stdout", typed_config: { "@type": type, log_format } }];
    const proxy = await start(t, config([upstream], { proxy: { access_log, idle_timeout: "3s" } }));
    const one = await client(t, proxy.port());
    const sent = (await one.ask("one")).length + (await one.ask("two")).length;
    const line = [
      `UdpSessionEnd 127.0.0.1:${one.port} 127.0.0.1:${proxy.port()} 127.0.0.1:${upstream.port} app`,
      `6 ${sent} 2 2`,
    ].join(" ");
    await proxy.waitForLog(new RegExp(`^${line}$`, "m"));
  });

  it("counts a host that refuses, and lives", async (t) => {
    const gone = await UdpEcho.start("gone");
    const { port } = gone;
    gone.close();
    const proxy = await start(t, config([{ port }]));
    const one = await client(t, proxy.port());
    one.send("?");
    await untilStats(proxy, { "cluster.app.udp.sess_rx_errors": 1, "udp.dns.downstream_sess_active": 1 });
  });

  it("finds its cluster by a matcher with one route, and listens on IPv6", async (t) => {
    const upstream = await echo(t);
    const action = { name: "route", typed_config: { "@type": `${PREFIX}.Route`, cluster: "app" } };
    const proxy = await start(
      t,
      config([upstream], {
        proxy: { cluster: undefined, matcher: { on_no_match: { action } } },
        address: udpAddress(0, "::1"),
      }),
    );
    const one = await client(t, proxy.port(), { from: "::1" });
    assert.match(await one.ask("six"), /^one \d+ six$/);
  });

  it("keeps sessions and port through reloads; those of a changed filter end with the drain time", async (t) => {
    const [one, two] = [await echo(t, "one"), await echo(t, "two")];
    const clusters = [sampleCluster("app", [loopback(one.port)]), sampleCluster("other", [loopback(two.port)])];
    const reloaded = (sample: UdpSample) => {
      const { static_resources: all } = config([one], sample) as { static_resources: { listeners: object[] } };
      return { static_resources: { listeners: all.listeners, clusters } };
    };
    const proxy = await start(t, reloaded({}), 2);
    const port = proxy.port();
    const old = await client(t, port);
    const place = (await old.ask("1")).split(" ").slice(0, 2);
    assert.equal((await proxy.reload(reloaded({ proxy: { cluster: "other" } }))).status, 200);
    assert.deepEqual((await old.ask("2")).split(" ").slice(0, 2), place);
    assert.match(await (await client(t, port)).ask("3"), /^two/);
    assert.equal(
      (await proxy.reload(reloaded({ proxy: { cluster: "other" }, listener: { stat_prefix: "again" } }))).status,
      200,
    );
    assert.match(await (await client(t, port)).ask("4"), /^two/);
  });

  it("goes on when its worker has crashed, and with another number of workers", async (t) => {
    const upstream = await echo(t);
    const proxy = await start(t, config([upstream]), 1);
    const one = await client(t, proxy.port());
    await one.ask("1");
    assert.equal((await proxy.post("/actors/worker-1/crash")).status, 200);
    await proxy.until("the restart", async () => {
      const { body } = await proxy.admin("/workers?format=json");
      return JSON.parse(body).workers[0].restarts === 1;
    });
    const answered = async (): Promise<boolean> => {
      const fresh = await client(t, proxy.port());
      return fresh.ask("?", 300).then(
        () => true,
        () => false,
      );
    };
    await proxy.until("an answer after the restart", answered);
    for (const count of [3, 1]) {
      assert.equal((await proxy.post(`/workers?count=${count}`)).status, 200);
      await proxy.until(`an answer with ${count} workers`, answered);
    }
  });

  it("has one owner without enable_reuse_port, also after that has gone", async (t) => {
    const upstream = await echo(t);
    const proxy = await start(t, config([upstream], { listener: { enable_reuse_port: false } }), 3);
    const clients = await Promise.all(Array.from({ length: 20 }, () => client(t, proxy.port())));
    await Promise.all(clients.map((each) => each.ask("?")));
    await proxy.until("the report", async () => (await sessionsOfWorkers(proxy)).join() === "0,0,20");
    assert.equal((await proxy.post("/actors/worker-1/crash")).status, 200);
    const answered = async (): Promise<boolean> =>
      (await client(t, proxy.port())).ask("?", 300).then(
        () => true,
        () => false,
      );
    await proxy.until("an answer after the crash", answered);
  });

  it("may be on the port of a TCP listener, and one of TCP become one of UDP", async (t) => {
    const upstream = await echo(t);
    const { static_resources } = sampleBootstrap({
      listeners: [{ name: "both", routes: [answerRoute("tcp")] }],
    }) as { static_resources: object };
    const tcp = { static_resources };
    const proxy = await start(t, tcp);
    const port = proxy.port();
    const udp = config([upstream], { listener: { name: "both" }, address: udpAddress(port) });
    const answer = await proxy.reload(udp);
    assert.equal(answer.status, 200, answer.body);
    const one = await client(t, port);
    assert.match(await one.ask("now udp"), /^one/);
    assert.equal((await proxy.reload(tcp)).status, 200);
    one.send("gone");
    assert.deepEqual(one.received.length, 1);
  });

  it("says which address can't be bound", async (t) => {
    const upstream = await echo(t);
    const taken = dgram.createSocket("udp4");
    taken.bind(0, "127.0.0.1");
    await once(taken, "listening");
    t.after(() => taken.close());
    const { port } = taken.address();
    const proxy = await start(t, config([upstream]));
    const answer = await proxy.reload(config([upstream], { address: udpAddress(port) }));
    assert.equal(answer.status, 400, answer.body);
    assert.match(answer.body, new RegExp(`cannot bind 127.0.0.1:${port} for listener "udp": address already in use`));
    assert.match(await (await client(t, proxy.port())).ask("still"), /^one/);
  });
});

describe("A configuration with UDP", () => {
  let proxy: RunningProxy;
  before(async () => {
    proxy = await startProxy({ config: config([{ port: 1 }]) });
  });
  after(() => proxy.kill());

  const rows: readonly [string, UdpSample, RegExp][] = [
    ["filter chains", { listener: { filter_chains: [{}] } }, /filter_chains.*has no filter chains/],
    ["no filter", { listener: { listener_filters: [] } }, /listener_filters.*needs one filter/],
    ["QUIC", { listener: { udp_listener_config: { quic_options: {} } } }, /quic_options.*not supported/],
    [
      "tunnels",
      { proxy: { tunneling_config: { proxy_host: "a", target_host: "b" } } },
      /tunneling_config.*not supported/,
    ],
    ["session filters", { proxy: { session_filters: [{ name: "x" }] } }, /session_filters.*not supported/],
    ["original addresses", { proxy: { use_original_src_ip: true } }, /use_original_src_ip.*not supported/],
    ["a cluster that is not there", { proxy: { cluster: "none" } }, /no cluster named "none"/],
    ["TCP beside UDP", { listener: { additional_addresses: [{ address: loopback(0) }] } }, /must be of one protocol/],
  ];
  for (const [what, sample, message] of rows) {
    it(`is refused for ${what}`, async () => {
      const answer = await proxy.reload(config([{ port: 1 }], sample));
      assert.equal(answer.status, 400);
      assert.match(answer.body, message);
    });
  }
});
