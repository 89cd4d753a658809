import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { adminRequest } from "../harness/admin-request.ts";
import { answering, FakeUpstream } from "../harness/fake-upstream.ts";
import { parsePrometheusText } from "../harness/prometheus-text.ts";
import { RunningProxy, startProxy } from "../harness/start-proxy.ts";
import { startTestProxy } from "../harness/test-proxy.ts";
import { PATIENCE_MS } from "../harness/until.ts";

const SECRET = "TOP-SECRET";

function config(upstreamPort: number, admin?: object): Record<string, unknown> {
  return {
    ...(admin !== undefined && { admin }),
    node: { id: "from-the-file", cluster: "front" },
    static_resources: {
      listeners: [
        {
          name: "ingress",
          address: { socket_address: { address: "127.0.0.1", port_value: 0 } },
          filter_chains: [
            {
              filters: [
                {
                  name: "envoy.filters.network.http_connection_manager",
                  typed_config: {
                    "@type":
                      "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
                    statPrefix: "ingress_http",
                    route_config: {
                      name: "local_route",
                      virtual_hosts: [
                        {
                          name: "all",
                          domains: ["*"],
                          request_headers_to_add: [{ header: { key: "authorization", value: SECRET } }],
                          routes: [{ match: { prefix: "/" }, route: { cluster: "up", timeout: "1.50s" } }],
                        },
                      ],
                    },
                    http_filters: [
                      {
                        name: "envoy.filters.http.router",
                        typed_config: {
                          "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router",
                        },
                      },
                    ],
                  },
                },
              ],
            },
          ],
        },
      ],
      clusters: [staticCluster("up", upstreamPort), staticCluster("spare", 1)],
    },
  };
}

function staticCluster(name: string, port: number): Record<string, unknown> {
  const address = { socket_address: { address: "127.0.0.1", port_value: port } };
  return {
    name,
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] },
  };
}

/** What the tests read of JSON answers. */
type Tree = { readonly [key: string]: Tree } & readonly Tree[];

describe("The admin interface of a running proxy", () => {
  let upstream: FakeUpstream;
  let proxy: RunningProxy;
  /** The same, or undefined if it did not start. */
  let started: RunningProxy | undefined;

  before(async () => {
    upstream = await FakeUpstream.start(answering("hello"));
    started = await startProxy({
      config: config(upstream.port),
      concurrency: 2,
      args: ["--service-node", "from-the-command-line"],
    });
    proxy = started;
    for (let i = 0; i < 5; i++) {
      const { status } = await adminRequest({ port: proxy.port(), path: "/", deadlineMs: PATIENCE_MS });
      assert.equal(status, 200);
    }
  });
  after(async () => {
    await started?.kill();
    await upstream.close();
  });

  async function text(target: string): Promise<string> {
    const answer = await proxy.admin(target);
    assert.equal(answer.status, 200, answer.body);
    return answer.body;
  }
  const json = async (target: string): Promise<Tree> => JSON.parse(await text(target)) as Tree;
  const configs = async (query: string): Promise<readonly Tree[]> =>
    (await json(`/config_dump${query}`)).configs as readonly Tree[];

  const pages = [
    { name: "/", type: "text/html", shows: /<div id="app"><\/div>/ },
    { name: "/help", type: "text/plain", shows: /^admin commands are:\n {2}\/: Admin home page\n/ },
    { name: "/ready", type: "text/plain", shows: /^LIVE\n$/ },
    { name: "/hot_restart_version", type: "text/plain", shows: /^disabled/ },
    { name: "/listeners", type: "text/plain", shows: /^ingress::127\.0\.0\.1:\d+\n$/ },
    { name: "/logging", type: "text/plain", shows: /^active loggers:\n {2}filter: \w+\n/ },
    { name: "/certs", type: "application/json", shows: /"certificates": \[\]/ },
    { name: "/runtime", type: "application/json", shows: /"entries": \{\}/ },
    { name: "/init_dump", type: "application/json", shows: /^\{\}\n$/ },
    { name: "/memory", type: "application/json", shows: /"allocated": "\d+"/ },
    { name: "/actors", type: "text/plain", shows: /supervisor\/worker-2 +worker +worker-2 +running +1 / },
    { name: "/workers", type: "text/plain", shows: /^concurrency: 2\n/ },
    { name: "/config_status", type: "text/plain", shows: /^version: {2}1, in force since /m },
    { name: "/stats", type: "text/plain", shows: /^cluster\.up\.upstream_rq_total: 5\n/m },
    { name: "/clusters", type: "text/plain", shows: /^up::default_priority::max_connections::1024$/m },
  ];
  for (const { name, type, shows } of pages) {
    it(`serves ${name} as ${type}`, async () => {
      const { status, headers, body } = await proxy.admin(name);
      assert.equal(status, 200);
      assert.match(String(headers["content-type"]), new RegExp(`^${type}`));
      assert.equal(headers["cache-control"], "no-cache, max-age=0");
      assert.match(body, shows);
    });
  }

  it("says in /server_info what runs and how it was started", async () => {
    const info = await json("/server_info");
    assert.equal(info.state as unknown, "LIVE");
    assert.match(String(info.version), /^troupe \d/);
    assert.equal(info.command_line_options?.concurrency as unknown, 2);
    assert.equal(info.command_line_options?.mode as unknown, "Serve");
    assert.equal(info.node?.id as unknown, "from-the-command-line");
    assert.equal(info.node?.cluster as unknown, "front");
  });

  it("adds up in /clusters what all workers know of a host", async () => {
    const body = await text("/clusters");
    const host = `up::127.0.0.1:${upstream.port}`;
    for (const line of [
      "::rq_total::5",
      "::rq_success::5",
      "::health_flags::healthy",
      "::weight::1",
      "::priority::0",
    ]) {
      assert.ok(body.includes(`${host}${line}\n`), `${host}${line}\n${body}`);
    }
    assert.ok(body.includes("up::added_via_api::false\n"));
    const statuses = (await json("/clusters?format=json")).cluster_statuses as readonly Tree[];
    assert.deepEqual(
      statuses.map(({ name }) => name as unknown),
      ["up", "spare"],
    );
    const [status] = statuses[0]!.host_statuses as readonly Tree[];
    assert.deepEqual(status!.address?.socket_address as unknown, { address: "127.0.0.1", port_value: upstream.port });
    const total = (status!.stats as readonly Tree[]).find(({ name }) => (name as unknown) === "rq_total");
    assert.equal(total?.value as unknown, "5");
  });

  it("shows bound ports in /listeners", async () => {
    const { listener_statuses: statuses } = await json("/listeners?format=json");
    assert.deepEqual(statuses as unknown, [
      {
        name: "ingress",
        local_address: { socket_address: { address: "127.0.0.1", port_value: proxy.port() } },
      },
    ]);
  });

  it("filters /stats by regular expression, use and type", async () => {
    assert.equal(await text("/stats?filter=^cluster\\.up\\.upstream_rq_2xx$"), "cluster.up.upstream_rq_2xx: 5\n");
    assert.match(await text("/stats"), /^cluster\.up\.upstream_rq_timeout: 0$/m);
    assert.doesNotMatch(await text("/stats?usedonly"), /^cluster\.up\.upstream_rq_timeout:/m);
    const gauges = await text("/stats?type=Gauges");
    assert.match(gauges, /^server\.concurrency: 2$/m);
    assert.doesNotMatch(gauges, /upstream_rq_total/);
    const histogram = await text("/stats?filter=cluster.up.upstream_rq_time&type=Histograms");
    assert.match(histogram, /^cluster\.up\.upstream_rq_time: P0\(\S+,\S+\) P25\(\S+\) .* P99\.9\(\S+\) P100\(\S+\)\n$/);
    const bad = await proxy.admin("/stats?filter=(");
    assert.equal(bad.status, 400);
    assert.match(bad.body, /^Invalid re2 regex: /);
  });

  it("writes /stats as JSON with names, values and quantiles", async () => {
    const counter = await json("/stats?format=json&filter=^cluster\\.up\\.upstream_rq_total$");
    assert.deepEqual(counter as unknown, { stats: [{ name: "cluster.up.upstream_rq_total", value: 5 }] });
    const { stats } = await json("/stats?format=json&filter=cluster\\.up\\.upstream_rq_time$");
    const histograms = (stats as readonly Tree[])[0]!.histograms!;
    assert.deepEqual(histograms.supported_quantiles as unknown, [0, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 100]);
    const [computed] = histograms.computed_quantiles as readonly Tree[];
    assert.equal(computed!.name as unknown, "cluster.up.upstream_rq_time");
    assert.equal(computed!.values!.length, 10);
  });

  it("exposes valid text to Prometheus, with Envoy's names and labels", async () => {
    for (const target of ["/stats/prometheus", "/stats?format=prometheus"]) {
      const { headers, body } = await proxy.admin(target);
      assert.match(String(headers["content-type"]), /^text\/plain/);
      const families = parsePrometheusText(body);
      const totals = families.get("envoy_cluster_upstream_rq_total");
      assert.equal(totals?.type, "counter");
      const up = totals?.samples.find(({ labels }) => labels.get("envoy_cluster_name") === "up");
      assert.equal(up?.value, 5);
      assert.equal(families.get("envoy_cluster_upstream_rq_time")?.type, "histogram");
      assert.equal(families.get("envoy_server_live")?.samples[0]?.value, 1);
    }
  });

  it("dumps the configuration in force with the protos' names, and no secret", async () => {
    const all = await configs("");
    assert.deepEqual(
      all.map((each) => String(each["@type"]).replace("type.googleapis.com/envoy.admin.v3.", "")),
      ["BootstrapConfigDump", "ClustersConfigDump", "ListenersConfigDump", "RoutesConfigDump", "SecretsConfigDump"],
    );
    const bootstrap = all[0]!.bootstrap!;
    assert.deepEqual(bootstrap.node as unknown, { id: "from-the-command-line", cluster: "front" });
    const body = JSON.stringify(all);
    assert.ok(!body.includes(SECRET));
    assert.ok(body.includes('"stat_prefix":"ingress_http"'));
    assert.ok(body.includes('"timeout":"1.500s"'));
    assert.equal((await configs("?include_eds")).length, 6);
  });

  it("dumps the version of all clusters, and when each of them was changed last", async () => {
    const times = async (): Promise<Map<string, string>> => {
      const elements = await configs("?resource=static_clusters");
      return new Map(elements.map(({ cluster, last_updated }) => [String(cluster?.name), String(last_updated)]));
    };
    const version = async (): Promise<string> =>
      String((await configs("")).find((each) => /ClustersConfigDump/.test(String(each["@type"])))?.version_info);
    const [before, versionBefore] = [await times(), await version()];
    assert.deepEqual([...before.keys()], ["up", "spare"]);
    const json = config(upstream.port) as { static_resources: { clusters: object[] } };
    const clusters = json.static_resources.clusters.map((each, index) =>
      index === 1 ? { ...each, connect_timeout: "7s" } : each,
    );
    const answer = await proxy.reload({ ...json, static_resources: { ...json.static_resources, clusters } });
    assert.equal(answer.status, 200);
    const after = await times();
    assert.equal(after.get("up"), before.get("up"));
    assert.ok(after.get("spare")! > before.get("spare")!, `${after.get("spare")} is later`);
    assert.equal(await version(), String(Number(versionBefore) + 1));
    assert.equal((await proxy.reload(config(upstream.port))).status, 200);
  });

  it("dumps what resource, mask and name_regex name", async () => {
    assert.deepEqual((await configs("?resource=static_clusters&mask=cluster.name&name_regex=s.*")) as unknown, [
      {
        "@type": "type.googleapis.com/envoy.admin.v3.ClustersConfigDump.StaticCluster",
        cluster: { "@type": "type.googleapis.com/envoy.config.cluster.v3.Cluster", name: "spare" },
      },
    ]);
    const [route] = await configs("?resource=static_route_configs");
    assert.equal(route?.route_config?.name as unknown, "local_route");
    assert.equal((await proxy.admin("/config_dump?resource=nope")).status, 404);
    assert.equal((await proxy.admin("/config_dump?resource=bootstrap")).status, 400);
    assert.equal((await proxy.admin("/config_dump?mask=nope")).status, 400);
    assert.equal((await proxy.admin("/config_dump?name_regex=(")).status, 400);
  });

  it("goes on dumping what is in force when the file has been refused", async () => {
    const refused = await proxy.reload({ ...config(upstream.port), static_resources: { clusters: [{ name: "" }] } });
    assert.notEqual(refused.status, 200);
    assert.equal((await configs("?resource=static_clusters")).length, 2);
    proxy.writeConfig(config(upstream.port));
  });

  it("lists its commands for a path it does not know", async () => {
    const { status, body } = await proxy.admin("/nope");
    assert.equal(status, 404);
    assert.match(body, /^invalid path\. admin commands are:\n/);
  });

  const changes = ["/reset_counters", "/healthcheck/fail", "/drain_listeners", "/quitquitquit", "/config/reload"];
  for (const target of changes) {
    it(`changes nothing by GET ${target}`, async () => {
      const { status, headers, body } = await proxy.admin(target);
      assert.deepEqual([status, headers.allow, body], [405, "POST", "Method GET not allowed, POST required.\n"]);
      assert.equal((await proxy.admin("/ready")).status, 200);
    });
  }

  it("refuses foreign names in Host and changes from foreign pages", async () => {
    const ask = (headers: Record<string, string>, method = "GET") =>
      adminRequest({ port: proxy.adminPort, path: "/logging", method, headers, deadlineMs: PATIENCE_MS });
    assert.equal((await ask({ host: "evil.example.com" })).status, 403);
    assert.equal((await ask({ host: "localhost:1" })).status, 200);
    assert.equal((await ask({ origin: "http://evil.example.com" }, "POST")).status, 403);
    assert.equal((await ask({ "sec-fetch-site": "cross-site" }, "POST")).status, 403);
  });

  it("fails and recovers its health by command", async () => {
    assert.equal((await proxy.post("/healthcheck/fail")).body, "OK\n");
    const failed = await proxy.admin("/ready");
    assert.deepEqual([failed.status, failed.body], [503, "DRAINING\n"]);
    assert.equal((await proxy.post("/healthcheck/ok")).body, "OK\n");
    assert.equal((await proxy.admin("/ready")).status, 200);
  });

  it("changes log levels on all threads, and none if one name is unknown", async () => {
    assert.match((await proxy.post("/logging?paths=upstream:error,worker:warning")).body, /^ {2}upstream: error$/m);
    assert.match(await text("/logging"), /^ {2}worker: warning$/m);
    const unknown = await proxy.post("/logging?paths=upstream:info,nope:info");
    assert.equal(unknown.status, 400);
    assert.match(await text("/logging"), /^ {2}upstream: error$/m);
    assert.equal((await proxy.post("/logging?level=info")).status, 200);
    assert.match(await text("/logging"), /^ {2}upstream: info$/m);
  });

  it("resets counters", async () => {
    assert.equal((await proxy.post("/reset_counters")).body, "OK\n");
    assert.equal(await text("/stats?filter=^cluster\\.up\\.upstream_rq_total$"), "cluster.up.upstream_rq_total: 0\n");
  });

  it("changes the number of workers", async () => {
    assert.equal((await proxy.post("/workers?count=3")).status, 200);
    assert.match(await text("/workers"), /^concurrency: 3$/m);
    assert.equal((await proxy.post("/workers?count=2")).status, 200);
  });
});

describe("Commands that end things", () => {
  it("closes listeners on /drain_listeners and goes on answering the admin", async (t) => {
    const proxy = await startTestProxy(t, { config: config(1) });
    assert.equal((await proxy.post("/drain_listeners")).body, "OK\n");
    // The worker is told, and closes its listeners soon after.
    await proxy.until("the end of the listener", async () => {
      const answer = adminRequest({ port: proxy.port(), path: "/", deadlineMs: PATIENCE_MS });
      return (await answer.then(({ status }) => String(status), String)).includes("ECONNREFUSED");
    });
    assert.equal((await proxy.admin("/server_info")).status, 200);
    // A worker that starts later does not open again what is closed.
    assert.equal((await proxy.post("/workers?count=2")).status, 200);
    const after = adminRequest({ port: proxy.port(), path: "/", deadlineMs: PATIENCE_MS });
    assert.match(await after.then(({ status }) => String(status), String), /ECONNREFUSED/);
  });

  it("ends the process on /quitquitquit", async (t) => {
    const proxy = await startTestProxy(t, { config: config(1) });
    assert.equal((await proxy.post("/quitquitquit")).body, "OK\n");
    assert.equal(await proxy.ended(), 0);
  });
});

describe("An admin interface on a Unix-domain socket", () => {
  it("answers whatever the Host header says, and leaves no socket file behind", async (t) => {
    const folder = mkdtempSync(path.join(tmpdir(), "troupe-admin-"));
    const socketPath = path.join(folder, "admin.sock");
    const proxy = RunningProxy.spawn({ config: config(1, { address: { pipe: { path: socketPath } } }) });
    t.after(async () => {
      await proxy.kill();
      rmSync(folder, { recursive: true });
    });
    await proxy.waitForLog(/ready/);
    const sent = http.get({ socketPath, path: "/ready", headers: { host: "anything.example.com" }, agent: false });
    const [response] = (await once(sent, "response")) as [http.IncomingMessage];
    assert.equal(response.statusCode, 200);
    response.resume();
    await once(response, "end");
    assert.equal(await proxy.stop(), 0);
    assert.equal(existsSync(socketPath), false);
  });
});
