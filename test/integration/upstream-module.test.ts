import assert from "node:assert/strict";
import { once } from "node:events";
import net, { type AddressInfo } from "node:net";
import { describe, it, type TestContext } from "node:test";
import { parse } from "yaml";
import { DnsServer } from "../harness/dns-server.ts";
import { answering, FakeUpstream, hanging, type UpstreamScript } from "../harness/fake-upstream.ts";
import { Http1Client, requestOnce } from "../harness/http1-client.ts";
import { startHttp2Upstream } from "../harness/http2-upstream.ts";
import { REFUSING_PORT } from "../harness/refusing-port.ts";
import { clusterRoute, loopback, sampleBootstrap, sampleCluster } from "../harness/sample-bootstrap.ts";
import { type RunningProxy, startProxy } from "../harness/start-proxy.ts";
import { startTestProxy } from "../harness/test-proxy.ts";
import { upstreamTls } from "../harness/tls-listener.ts";

/** The configuration that the analysis of the upstream module shows, word by word but for addresses. */
const STATIC_CLUSTER = `
- name: service_backend
  connect_timeout: 0.25s
  type: STATIC
  lb_policy: ROUND_ROBIN
  load_assignment:
    cluster_name: service_backend
    endpoints:
    - lb_endpoints:
      - endpoint:
          address:
            socket_address:
              address: 127.0.0.1
              port_value: 1234
`;
const EDS_CLUSTER = `
- name: service_eds
  connect_timeout: 0.25s
  type: EDS
  lb_policy: LEAST_REQUEST
  eds_cluster_config:
    eds_config:
      ads: {}
      resource_api_version: V3
`;
const DNS_CLUSTER = `
- name: service_dns
  connect_timeout: 0.25s
  type: LOGICAL_DNS
  lb_policy: CONSISTENT_HASH
  dns_lookup_family: V4_ONLY
  load_assignment:
    cluster_name: service_dns
    endpoints:
    - lb_endpoints:
      - endpoint:
          address:
            socket_address:
              address: foo.bar.com
              port_value: 443
`;
const HEALTH_CHECK = `
health_checks:

- timeout: 1s
  interval: 5s
  unhealthy_threshold: 3
  healthy_threshold: 3
  http_health_check:
    path: "/health"
    request_headers_to_add:
    - header:
        key: "x-envoy-force-trace"
        value: "true"
    expected_statuses:
    - start: 200
      end: 300
`;
/** As printed it names no checker, which Envoy refuses. */
const HEALTH_CHECK_ADVICE = `
health_checks:

- timeout: 3s
  interval: 10s
  unhealthy_threshold: 3
  healthy_threshold: 2
`;
const CIRCUIT_BREAKERS = `
circuit_breakers:
  thresholds:

  - priority: DEFAULT
    max_connections: 1024
    max_pending_requests: 1024
    max_requests: 1024
    max_retries: 3
  - priority: HIGH
    max_connections: 2048
    max_pending_requests: 2048
    max_requests: 2048
    max_retries: 5
`;
const POOL_ADVICE = `
max_connections: 100
max_pending_requests: 200
max_requests: 10000
`;

function clusterOf(text: string, port: number): object {
  return (parse(text.replace(/port_value: \d+/, `port_value: ${port}`)) as object[])[0]!;
}

async function start(t: TestContext, clusters: readonly object[], more: object = {}): Promise<RunningProxy> {
  const names = clusters.map((cluster) => (cluster as { name: string }).name);
  const routes = names.map((name) => clusterRoute(name, `/${name}`));
  return startTestProxy(t, { config: sampleBootstrap({ listeners: [{ routes }], clusters, more }) });
}

async function upstream(t: TestContext, script: UpstreamScript = answering()): Promise<FakeUpstream> {
  const made = await FakeUpstream.start(script);
  t.after(() => made.close());
  return made;
}

function get(proxy: RunningProxy, cluster: string, more = "") {
  return requestOnce(proxy.port(), { target: `/${cluster}${more}` });
}

/** A server that takes connections and says nothing, not even in a TLS handshake; `reads` false: takes no bytes either. */
async function silentServer(t: TestContext, reads = true): Promise<number> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    if (reads) socket.resume();
    else socket.pause();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** Waits until the stats of a cluster are as said; a function may ask for more than a number. */
async function statsBecome(proxy: RunningProxy, cluster: string, wanted: Record<string, number>): Promise<void> {
  let seen = "";
  const matches = async (): Promise<boolean> => {
    const stats = await proxy.stats(`cluster.${cluster}.`);
    const now = Object.fromEntries(Object.keys(wanted).map((name) => [name, stats.get(`cluster.${cluster}.${name}`)]));
    seen = JSON.stringify(now);
    return Object.entries(wanted).every(([name, value]) => now[name] === value);
  };
  await proxy.until(`${cluster}: ${JSON.stringify(wanted)}`, matches).catch((error: Error) => {
    throw new Error(`${error.message}; last seen: ${seen}`);
  });
}

describe("The configuration of the upstream module", () => {
  it("has a static cluster, which serves", async (t) => {
    const host = await upstream(t, answering("static"));
    const proxy = await start(t, [clusterOf(STATIC_CLUSTER, host.port)]);
    assert.equal((await get(proxy, "service_backend")).body, "static");
  });

  it("has a cluster by DNS, which serves by consistent hashing", async (t) => {
    const host = await upstream(t, answering("dns"));
    const dns = await DnsServer.start();
    t.after(() => dns.close());
    dns.set("foo.bar.com", ["127.0.0.1"]);
    const cluster = { ...clusterOf(DNS_CLUSTER, host.port), dns_resolvers: [loopback(dns.port)] };
    const proxy = await start(t, [cluster]);
    assert.equal((await get(proxy, "service_dns")).body, "dns");
    assert.deepEqual(dns.questions, ["foo.bar.com A"]);
    assert.equal((await proxy.stats("ring_hash_lb.size")).get("cluster.service_dns.ring_hash_lb.size"), 1024);
  });

  it("has an EDS cluster by ADS, which is refused by name, and serves from a file", async (t) => {
    const refused = startProxy({ config: sampleBootstrap({ clusters: [clusterOf(EDS_CLUSTER, 0)] }) });
    await assert.rejects(refused, /eds_cluster_config\.eds_config\.ads.*not supported yet/s);
    const host = await upstream(t, answering("eds"));
    const lb_endpoints = [{ endpoint: { address: loopback(host.port) } }];
    const resource = {
      "@type": "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment",
      cluster_name: "service_eds",
      endpoints: [{ lb_endpoints }],
    };
    const eds_config = { path_config_source: { path: "eds.json" }, resource_api_version: "V3" };
    const cluster = { ...clusterOf(EDS_CLUSTER, 0), eds_cluster_config: { eds_config } };
    const proxy = await startTestProxy(t, {
      config: sampleBootstrap({ listeners: [{ routes: [clusterRoute("service_eds")] }], clusters: [cluster] }),
      files: { "eds.json": JSON.stringify({ version_info: "1", resources: [resource] }) },
    });
    assert.equal((await requestOnce(proxy.port())).body, "eds");
  });

  it("has a health check, whose request and statuses are as said", async (t) => {
    const host = await upstream(t, answering("checked", 299));
    const cluster = { ...clusterOf(STATIC_CLUSTER, host.port), ...(parse(HEALTH_CHECK) as object) };
    const proxy = await start(t, [cluster]);
    assert.equal((await get(proxy, "service_backend")).body, "checked");
    assert.match(host.received, /^GET \/health HTTP\/1\.1\r\n[\s\S]*\r\nx-envoy-force-trace: true\r\n/m);
    await statsBecome(proxy, "service_backend", { "health_check.success": 1, "health_check.healthy": 1 });
  });

  it("has advice on health checks, which needs a checker", async (t) => {
    const advice = parse(HEALTH_CHECK_ADVICE) as { health_checks: object[] };
    const host = await upstream(t);
    const without = { ...clusterOf(STATIC_CLUSTER, host.port), ...advice };
    await assert.rejects(startProxy({ config: sampleBootstrap({ clusters: [without] }) }), /health_checks\[0\]/);
    const health_checks = [{ ...advice.health_checks[0], tcp_health_check: {} }];
    const proxy = await start(t, [{ ...clusterOf(STATIC_CLUSTER, host.port), health_checks }]);
    assert.equal((await get(proxy, "service_backend")).status, 200);
    await statsBecome(proxy, "service_backend", { "health_check.attempt": 1, "health_check.healthy": 1 });
  });

  it("has circuit breakers of both priorities, and advice on limits", async (t) => {
    const host = await upstream(t);
    const breakers = parse(CIRCUIT_BREAKERS) as { circuit_breakers: { thresholds: object[] } };
    const thresholds = breakers.circuit_breakers.thresholds.map((each) => ({ ...each, track_remaining: true }));
    const advised = [{ ...(parse(POOL_ADVICE) as object), track_remaining: true }];
    const proxy = await start(t, [
      { ...clusterOf(STATIC_CLUSTER, host.port), ...breakers },
      sampleCluster("tracked", [loopback(host.port)], { circuit_breakers: { thresholds } }),
      sampleCluster("advised", [loopback(host.port)], { circuit_breakers: { thresholds: advised } }),
    ]);
    for (const name of ["service_backend", "tracked", "advised"]) assert.equal((await get(proxy, name)).status, 200);
    await statsBecome(proxy, "tracked", {
      "circuit_breakers.default.remaining_cx": 1023,
      "circuit_breakers.default.remaining_pending": 1024,
      "circuit_breakers.default.remaining_rq": 1024,
      "circuit_breakers.default.remaining_retries": 3,
      "circuit_breakers.high.remaining_cx": 2048,
      "circuit_breakers.high.remaining_pending": 2048,
      "circuit_breakers.high.remaining_rq": 2048,
      "circuit_breakers.high.remaining_retries": 5,
    });
    await statsBecome(proxy, "advised", {
      "circuit_breakers.default.remaining_cx": 99,
      "circuit_breakers.default.remaining_pending": 200,
      "circuit_breakers.default.remaining_rq": 10000,
    });
  });
});

const COUNTERS = `upstream_cx_close_notify upstream_cx_connect_fail upstream_cx_connect_timeout upstream_cx_destroy
  upstream_cx_destroy_local upstream_cx_destroy_remote upstream_cx_http1_total upstream_cx_http2_total upstream_cx_max_requests
  upstream_cx_overflow upstream_cx_pool_overflow upstream_rq_cancelled upstream_rq_completed upstream_rq_pending_failure_eject
  upstream_rq_pending_overflow upstream_rq_per_try_timeout upstream_rq_retry upstream_rq_retry_overflow upstream_rq_timeout
  lb_healthy_panic lb_local_cluster_not_ok lb_recalculate_zone_structures lb_zone_cluster_too_small lb_zone_no_capacity_left
  lb_zone_number_differs lb_zone_routing_all_directly lb_zone_routing_sampled lb_zone_routing_cross_zone
  health_check_attempt health_check_success health_check_failure health_check_passive_failure health_check_network_failure
  health_check_verify_cluster`.split(/\s+/);
const GAUGES = `upstream_cx_active upstream_cx_rx_bytes_buffered upstream_cx_tx_bytes_buffered upstream_rq_active
  upstream_rq_pending_active health_check_healthy`.split(/\s+/);
const HISTOGRAMS = ["upstream_cx_connect_ms", "upstream_rq_time", "health_check_latency"];

const ZONE_A = { region: "", zone: "a", sub_zone: "" };
const NODE = { id: "me", cluster: "me", locality: ZONE_A };

/** A cluster with an endpoint in each of these zones. */
function zonedCluster(name: string, port: number, zones: readonly string[], more: object = {}): object {
  const endpoints = zones.map((zone, at) => ({
    locality: { zone },
    lb_endpoints: [{ endpoint: { address: { socket_address: { address: `127.0.0.${1 + at}`, port_value: port } } } }],
  }));
  return sampleCluster(name, [], { load_assignment: { cluster_name: name, endpoints }, ...more });
}

describe("The statistics of the upstream module", () => {
  it("are all there, with their types", async (t) => {
    const host = await upstream(t, answering("", 200));
    const local = zonedCluster("me", host.port, ["a", "b"]);
    const checks = parse(HEALTH_CHECK) as object;
    const cluster = zonedCluster("app", host.port, ["a"], checks);
    const more = { node: NODE, cluster_manager: { local_cluster_name: "me" } };
    const proxy = await start(t, [cluster, local], more);
    assert.equal((await get(proxy, "app")).status, 200);
    await statsBecome(proxy, "app", { upstream_rq_completed: 1 });
    const { body } = await proxy.admin("/stats/prometheus");
    const types = new Map(
      [...body.matchAll(/^# TYPE envoy_cluster_(\w+) (\w+)$/gm)].map(([, name, type]) => [name, type]),
    );
    const typeOf = (names: readonly string[]): unknown[] =>
      names.filter((name) => name !== "").map((name) => [name, types.get(name)]);
    const all = (names: readonly string[], type: string): unknown[] => names.map((name) => [name, type]);
    assert.deepEqual(typeOf(COUNTERS), all(COUNTERS, "counter"));
    assert.deepEqual(typeOf(GAUGES), all(GAUGES, "gauge"));
    assert.deepEqual(typeOf(HISTOGRAMS), all(HISTOGRAMS, "histogram"));
  });

  it("count connections: by protocol, refused, late, used up, ended by either side", async (t) => {
    const host = await upstream(t, (exchange) =>
      exchange.respond(exchange.target.endsWith("/bye") ? { headers: { connection: "close" } } : {}),
    );
    const h2 = await startHttp2Upstream(t, (stream) => stream.respond({ ":status": 200 }, { endStream: true }));
    const proxy = await start(t, [
      sampleCluster("one", [loopback(host.port)], { max_requests_per_connection: 1 }),
      sampleCluster("two", [loopback(h2.port)], { http2_protocol_options: {} }),
      sampleCluster("keep", [loopback(host.port)]),
      sampleCluster("none", [loopback(REFUSING_PORT)]),
      sampleCluster("late", [loopback(await silentServer(t))], {
        transport_socket: upstreamTls({}),
        connect_timeout: "0.05s",
      }),
    ]);
    for (const name of ["one", "two", "keep"]) assert.equal((await get(proxy, name)).status, 200);
    assert.equal((await get(proxy, "keep", "/bye")).status, 200);
    for (const name of ["none", "late"]) assert.equal((await get(proxy, name)).status, 503);
    const gone = { upstream_cx_destroy: 1, upstream_cx_active: 0 };
    await statsBecome(proxy, "one", {
      ...gone,
      upstream_cx_http1_total: 1,
      upstream_cx_max_requests: 1,
      upstream_cx_destroy_local: 1,
    });
    await statsBecome(proxy, "two", { upstream_cx_http2_total: 1, upstream_cx_active: 1 });
    await statsBecome(proxy, "keep", { ...gone, upstream_cx_close_notify: 1 });
    await statsBecome(proxy, "none", {
      ...gone,
      upstream_cx_connect_fail: 1,
      upstream_rq_pending_failure_eject: 1,
      upstream_cx_destroy_remote: 1,
    });
    await statsBecome(proxy, "late", { ...gone, upstream_cx_connect_timeout: 1, upstream_cx_connect_fail: 1 });
    const histograms = (await proxy.admin("/stats?filter=cluster.keep")).body;
    assert.match(histograms, /upstream_cx_connect_ms: P0\(/);
    assert.match(histograms, /upstream_rq_time: P0\(/);
  });

  it("count requests that are cut off by limits, time or their clients, and show what is under way", async (t) => {
    const host = await upstream(t, hanging);
    const silent = await silentServer(t);
    const one = { circuit_breakers: { thresholds: [{ max_connections: 1, max_pending_requests: 1 }] } };
    const proxy = await start(t, [
      sampleCluster("full", [loopback(host.port)], one),
      sampleCluster("wait", [loopback(silent)], { transport_socket: upstreamTls({}), connect_timeout: "60s" }),
      sampleCluster("thick", [loopback(await silentServer(t, false))]),
    ]);
    const client = async (target: string, more = {}): Promise<Http1Client> => {
      const made = await Http1Client.connect(proxy.port());
      t.after(() => made.close());
      void made.request({ target, ...more }).catch(() => {});
      return made;
    };
    await client("/full");
    await statsBecome(proxy, "full", { upstream_rq_active: 1, upstream_cx_active: 1 });
    await client("/full");
    await statsBecome(proxy, "full", { upstream_rq_pending_active: 1, upstream_cx_overflow: 1 });
    assert.equal((await get(proxy, "full")).status, 503);
    await statsBecome(proxy, "full", { upstream_rq_pending_overflow: 1 });
    const leaving = await client("/wait");
    await statsBecome(proxy, "wait", { upstream_rq_pending_active: 1 });
    leaving.close();
    await statsBecome(proxy, "wait", { upstream_rq_pending_active: 0, upstream_rq_cancelled: 1 });
    await client("/thick", { method: "POST", body: "x".repeat(16 * 1024 * 1024) });
    await proxy.until("bytes that the upstream does not take", async () => {
      const stats = await proxy.stats("cluster.thick.");
      return stats.get("cluster.thick.upstream_cx_tx_bytes_buffered")! > 0;
    });
  });

  it("count time-outs and retries", async (t) => {
    const host = await upstream(t, (exchange) => {
      if (exchange.target.includes("fail")) exchange.respond({ status: 500 });
    });
    const addresses = [loopback(host.port)];
    const none = { circuit_breakers: { thresholds: [{ max_retries: 0 }] } };
    const routes = [
      { match: { prefix: "/slow" }, route: { cluster: "slow", timeout: "0.05s" } },
      {
        match: { prefix: "/try" },
        route: { cluster: "try", retry_policy: { retry_on: "5xx", num_retries: 1, per_try_timeout: "0.05s" } },
      },
      {
        match: { prefix: "/fail" },
        route: {
          cluster: "fail",
          retry_policy: { retry_on: "5xx", num_retries: 2, retry_back_off: { base_interval: "0.001s" } },
        },
      },
      { match: { prefix: "/over/fail" }, route: { cluster: "over", retry_policy: { retry_on: "5xx" } } },
    ];
    const clusters = [
      ...["slow", "try", "fail"].map((name) => sampleCluster(name, addresses)),
      sampleCluster("over", addresses, none),
    ];
    const proxy = await startTestProxy(t, { config: sampleBootstrap({ listeners: [{ routes }], clusters }) });
    assert.equal((await get(proxy, "slow")).status, 504);
    await statsBecome(proxy, "slow", { upstream_rq_timeout: 1 });
    assert.equal((await get(proxy, "try")).status, 504);
    await statsBecome(proxy, "try", { upstream_rq_per_try_timeout: 2, upstream_rq_retry: 1 });
    assert.equal((await get(proxy, "fail")).status, 500);
    await statsBecome(proxy, "fail", { upstream_rq_retry: 2, upstream_rq_completed: 1 });
    assert.equal((await get(proxy, "over", "/fail")).status, 500);
    await statsBecome(proxy, "over", { upstream_rq_retry_overflow: 1 });
  });

  it("count what load balancing does: panic, zones", async (t) => {
    const host = await upstream(t);
    const sick = [{ lb_endpoints: [{ endpoint: { address: loopback(host.port) }, health_status: "UNHEALTHY" }] }];
    const zoneAware = (min_cluster_size: number): object => ({
      common_lb_config: { zone_aware_lb_config: { min_cluster_size } },
    });
    const more = { node: NODE, cluster_manager: { local_cluster_name: "me" } };
    // On Linux all of 127.0.0.0/8 is this machine; hosts that refuse do no harm here.
    const proxy = await start(
      t,
      [
        sampleCluster("panic", [], { load_assignment: { cluster_name: "panic", endpoints: sick } }),
        zonedCluster("me", host.port, ["a", "b"]),
        zonedCluster("own", host.port, ["a", "a", "b", "b"], zoneAware(1)),
        zonedCluster("cross", host.port, ["a", "b", "b", "b"], zoneAware(1)),
        zonedCluster("few", host.port, ["a", "b"], zoneAware(6)),
        zonedCluster("three", host.port, ["a", "b", "c"], zoneAware(1)),
      ],
      more,
    );
    const ask = async (cluster: string, times: number): Promise<void> => {
      const client = await Http1Client.connect(proxy.port());
      for (let at = 0; at < times; at++) await client.request({ target: `/${cluster}` });
      client.close();
    };
    await ask("panic", 1);
    await statsBecome(proxy, "panic", { lb_healthy_panic: 1 });
    await ask("own", 3);
    await statsBecome(proxy, "own", { lb_recalculate_zone_structures: 1, lb_zone_routing_all_directly: 3 });
    await ask("few", 1);
    await statsBecome(proxy, "few", { lb_zone_cluster_too_small: 1 });
    await ask("three", 1);
    await statsBecome(proxy, "three", { lb_zone_number_differs: 1 });
    await ask("cross", 64);
    const stats = await proxy.stats("cluster.cross.lb_zone");
    const [sampled, cross] = ["sampled", "cross_zone"].map(
      (name) => stats.get(`cluster.cross.lb_zone_routing_${name}`)!,
    );
    assert.ok(sampled! > 0 && cross! > 0 && sampled! + cross! === 64, `${sampled} in the zone, ${cross} outside`);
  });

  it("count when the local cluster is not where this proxy is", async (t) => {
    const host = await upstream(t);
    const more = { node: NODE, cluster_manager: { local_cluster_name: "me" } };
    const clusters = [zonedCluster("me", host.port, ["b", "c"]), zonedCluster("app", host.port, ["a", "b"])];
    const proxy = await start(t, clusters, more);
    await get(proxy, "app");
    await statsBecome(proxy, "app", { lb_local_cluster_not_ok: 1 });
  });

  it("count checks of health by what they come to", async (t) => {
    const often = {
      timeout: "1s",
      interval: "0.01s",
      no_traffic_interval: "0.01s",
      unhealthy_threshold: 1,
      healthy_threshold: 1,
    };
    const check = { path: "/", service_name_matcher: { prefix: "app" } };
    const health_checks = [{ ...often, http_health_check: check }];
    let name = "app-1";
    const host = await upstream(t, (exchange) =>
      exchange.respond({
        headers: { "x-envoy-upstream-healthchecked-cluster": name, "x-envoy-immediate-health-check-fail": "true" },
      }),
    );
    const proxy = await start(t, [
      sampleCluster("app", [loopback(host.port)], { health_checks }),
      sampleCluster("none", [loopback(REFUSING_PORT)], { health_checks }),
    ]);
    const atLeast = (cluster: string, stat: string): Promise<void> =>
      proxy.until(
        `${cluster} ${stat}`,
        async () => (await proxy.stats(stat)).get(`cluster.${cluster}.health_check.${stat}`)! > 0,
      );
    for (const stat of ["attempt", "success", "verify_cluster", "healthy"]) await atLeast("app", stat);
    await get(proxy, "app");
    await atLeast("app", "passive_failure");
    name = "other";
    await atLeast("app", "failure");
    await atLeast("none", "network_failure");
    assert.match(
      (await proxy.admin("/stats?filter=health_check.latency")).body,
      /cluster\.app\.health_check\.latency: P0\(/,
    );
  });
});
