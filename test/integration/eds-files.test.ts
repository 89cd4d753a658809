import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";
import { answering, FakeUpstream } from "../harness/fake-upstream.ts";
import { requestOnce } from "../harness/http1-client.ts";
import { clusterRoute, loopback, pipe, sampleBootstrap } from "../harness/sample-bootstrap.ts";
import { type RunningProxy, startProxy } from "../harness/start-proxy.ts";
import { startTestProxy } from "../harness/test-proxy.ts";

const FILE = "endpoints.yaml";

async function upstream(t: TestContext, text: string): Promise<FakeUpstream> {
  const server = await FakeUpstream.start(answering(text));
  t.after(() => server.close());
  return server;
}

/** The file's content: endpoints with more fields beside their address. */
function assignment(endpoints: readonly (readonly [address: object, more?: object])[]): string {
  const resource = {
    "@type": "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment",
    cluster_name: "service",
    endpoints: [{ lb_endpoints: endpoints.map(([address, more]) => ({ endpoint: { address }, ...more })) }],
  };
  return JSON.stringify({ version_info: "1", resources: [resource] }, null, 2);
}

function edsCluster(source: object = { path_config_source: { path: FILE } }): object {
  const common_lb_config = { healthy_panic_threshold: { value: 1 } };
  return {
    name: "app",
    type: "EDS",
    common_lb_config,
    eds_cluster_config: { service_name: "service", eds_config: source },
  };
}

async function start(t: TestContext, text: string, source?: object): Promise<RunningProxy> {
  const config = sampleBootstrap({ clusters: [edsCluster(source)] });
  return startTestProxy(t, { config, files: { [FILE]: text }, concurrency: 2 });
}

/** A `StaticEndpointConfig`, as far as the tests look at it. */
interface EndpointDump {
  readonly endpoint_config: {
    readonly endpoints?: readonly {
      readonly lb_endpoints: readonly {
        readonly endpoint: { readonly address: { readonly socket_address: { readonly port_value: number } } };
        readonly health_status: string;
      }[];
    }[];
  };
}

function replace(proxy: RunningProxy, text: string): void {
  const file = path.join(proxy.folder, FILE);
  writeFileSync(`${file}.next`, text);
  renameSync(`${file}.next`, file);
}

function makeFolder(t: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), "troupe-eds-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

async function answers(proxy: RunningProxy): Promise<string> {
  return (await requestOnce(proxy.port())).body;
}

describe("An EDS cluster with a file", () => {
  it("drops the share of requests that the file says", async (t) => {
    const a = await upstream(t, "a");
    const text = assignment([[loopback(a.port)]]);
    const proxy = await start(t, text);
    assert.equal((await requestOnce(proxy.port())).status, 200);
    const file = JSON.parse(text) as { resources: object[] };
    const policy = { drop_overloads: [{ category: "lb", drop_percentage: { numerator: 100 } }] };
    writeFileSync(
      path.join(proxy.folder, "new"),
      JSON.stringify({ ...file, resources: file.resources.map((resource) => ({ ...resource, policy })) }),
    );
    renameSync(path.join(proxy.folder, "new"), path.join(proxy.folder, FILE));
    await proxy.until("a dropped request", async () => (await requestOnce(proxy.port())).status === 503);
    assert.ok((await proxy.stats("upstream_rq_drop_overload")).get("cluster.app.upstream_rq_drop_overload")! >= 1);
  });

  it("has the endpoints of the file, and follows it when it is replaced", async (t) => {
    const [first, second] = [await upstream(t, "first"), await upstream(t, "second")];
    const proxy = await start(t, assignment([[loopback(first.port)]]));
    assert.equal(await answers(proxy), "first");
    replace(proxy, assignment([[loopback(second.port)]]));
    await proxy.until("the second", async () => (await answers(proxy)) === "second");
    const stats = await proxy.stats("cluster.app.(update|membership)");
    assert.equal(stats.get("cluster.app.update_success"), 2);
    assert.equal(stats.get("cluster.app.membership_total"), 1);
  });

  it("shows its hosts on /clusters, used or not, with what discovery says of them", async (t) => {
    const server = await upstream(t, "ok");
    const sick = "10.1.2.3:80";
    const address = { socket_address: { address: "10.1.2.3", port_value: 80 } };
    const canary = { metadata: { filter_metadata: { "envoy.lb": { canary: true } } }, load_balancing_weight: 7 };
    const text = assignment([
      [loopback(server.port), canary],
      [address, { health_status: "UNHEALTHY" }],
    ]);
    const proxy = await start(t, text);
    const lines = async () => (await proxy.admin("/clusters")).body.split("\n");
    const before = await lines();
    for (const line of [
      "app::eds_service_name::service",
      `app::${server.address}::rq_total::0`,
      `app::${server.address}::health_flags::healthy`,
      `app::${server.address}::weight::7`,
      `app::${server.address}::canary::true`,
      `app::${sick}::health_flags::/failed_eds_health`,
    ]) {
      assert.ok(before.includes(line), `${line} in ${before.join("\n")}`);
    }
    assert.equal(await answers(proxy), "ok");
    assert.ok((await lines()).includes(`app::${server.address}::rq_total::1`));
    replace(proxy, assignment([[loopback(server.port)]]));
    await proxy.until("the other host to go", async () => !(await lines()).some((line) => line.includes(sick)));
  });

  it("shows the endpoints in force, with their health, in /config_dump?include_eds", async (t) => {
    const server = await upstream(t, "ok");
    const sick = { socket_address: { address: "10.1.2.3", port_value: 80 } };
    const proxy = await start(t, assignment([[loopback(server.port)], [sick, { health_status: "UNHEALTHY" }]]));
    const query = "/config_dump?include_eds&resource=static_endpoint_configs&name_regex=service";
    const shown = async () => {
      const { configs = [] } = JSON.parse((await proxy.admin(query)).body) as { configs?: EndpointDump[] };
      return configs.flatMap(({ endpoint_config: { endpoints = [] } }) =>
        endpoints.flatMap(({ lb_endpoints }) =>
          lb_endpoints.map(({ endpoint, health_status }) => [
            endpoint.address.socket_address.port_value,
            health_status,
          ]),
        ),
      );
    };
    assert.deepEqual(await shown(), [
      [server.port, "HEALTHY"],
      [80, "UNHEALTHY"],
    ]);
    replace(proxy, assignment([[loopback(server.port)]]));
    await proxy.until("the other host to go", async () => (await shown()).length === 1);
    assert.equal((await proxy.admin("/config_dump?resource=static_endpoint_configs")).status, 404);
  });

  it("heeds health and socket paths of endpoints", async (t) => {
    const socket = path.join(tmpdir(), "troupe-eds-none.sock");
    const [sick, well] = [await upstream(t, "sick"), await upstream(t, "well")];
    const proxy = await start(
      t,
      assignment([
        [loopback(sick.port), { health_status: "UNHEALTHY" }],
        [loopback(well.port)],
        [pipe(socket), { health_status: "DRAINING" }],
      ]),
      { path: FILE },
    );
    for (let i = 0; i < 6; i++) assert.equal(await answers(proxy), "well");
    const stats = await proxy.stats("cluster.app.membership");
    assert.equal(stats.get("cluster.app.membership_total"), 3);
    assert.equal(stats.get("cluster.app.membership_healthy"), 1);
    assert.equal(sick.requestCount, 0);
  });

  it("keeps requests on hosts in use while new ones wait for their first check, with ignore_new_hosts_until_first_hc", async (t) => {
    const [first, second] = [await upstream(t, "first"), await upstream(t, "second")];
    const silent = await Promise.all(Array.from({ length: 3 }, () => FakeUpstream.start(() => {})));
    t.after(() => Promise.all(silent.map((server) => server.close())));
    const lb = (port: number) => ({ endpoint: { address: loopback(port) } });
    const text = (...ofFirst: object[]) =>
      JSON.stringify({
        resources: [
          {
            "@type": "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment",
            cluster_name: "service",
            endpoints: [
              { priority: 0, lb_endpoints: [lb(first.port), ...ofFirst] },
              { priority: 1, lb_endpoints: [lb(second.port)] },
            ],
          },
        ],
      });
    const cluster = (name: string, ignores: boolean) => ({
      ...edsCluster(),
      name,
      common_lb_config: { healthy_panic_threshold: { value: 1 }, ignore_new_hosts_until_first_hc: ignores },
      health_checks: [
        {
          timeout: "600s",
          interval: "600s",
          unhealthy_threshold: 1,
          healthy_threshold: 1,
          http_health_check: { path: "/" },
        },
      ],
    });
    const routes = [clusterRoute("other", "/other"), clusterRoute("app")];
    const config = sampleBootstrap({
      listeners: [{ routes }],
      clusters: [cluster("app", true), cluster("other", false)],
    });
    const proxy = await startTestProxy(t, { config, files: { [FILE]: text() }, concurrency: 2 });
    assert.equal(await answers(proxy), "first");
    assert.equal((await requestOnce(proxy.port(), { target: "/other" })).body, "first");
    replace(proxy, text(...silent.map(({ port }) => lb(port))));
    const spilled = async () => (await requestOnce(proxy.port(), { target: "/other" })).body === "second";
    await proxy.until("requests on the next priority without the setting", spilled);
    const total = async () => (await proxy.stats("cluster.app.membership")).get("cluster.app.membership_total");
    await proxy.until("the new hosts", async () => (await total()) === 5);
    for (let i = 0; i < 40; i++) assert.equal(await answers(proxy), "first");
    const stats = await proxy.stats("membership_excluded");
    assert.equal(stats.get("cluster.app.membership_excluded"), 3);
    assert.equal(stats.get("cluster.other.membership_excluded"), 0);
  });

  it("balances by the file's overprovisioning_factor, and by a changed one without touching connections", async (t) => {
    const [first, second] = [await upstream(t, "first"), await upstream(t, "second")];
    const lb = (port: number, more: object = {}) => ({ endpoint: { address: loopback(port) }, ...more });
    const text = (factor: number) =>
      JSON.stringify({
        resources: [
          {
            "@type": "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment",
            cluster_name: "service",
            policy: { overprovisioning_factor: factor },
            endpoints: [
              { priority: 0, lb_endpoints: [lb(first.port), lb(1, { health_status: "UNHEALTHY" })] },
              { priority: 1, lb_endpoints: [lb(second.port)] },
            ],
          },
        ],
      });
    const proxy = await start(t, text(200));
    for (let i = 0; i < 20; i++) assert.equal(await answers(proxy), "first");
    const connections = first.connections.length;
    replace(proxy, text(100));
    await proxy.until("the second priority", async () => (await answers(proxy)) === "second");
    assert.equal(first.connections.filter(({ closed }) => closed).length, 0);
    assert.ok(connections > 0);
    replace(proxy, text(200));
    const stats = async () => (await proxy.stats("membership_change")).get("cluster.app.membership_change");
    await proxy.until("the third file", async () => (await stats()) === 3);
    // The workers are told a little later.
    await proxy.until("the first priority alone", async () => {
      for (let i = 0; i < 20; i++) if ((await answers(proxy)) !== "first") return false;
      return true;
    });
    assert.equal(first.connections.filter(({ closed }) => closed).length, 0);
  });

  it("has no hosts once they are staler than endpoint_stale_after, until the file is written again", async (t) => {
    const first = await upstream(t, "first");
    const text = (version: number) =>
      assignment([[loopback(first.port)]]).replace(
        '"cluster_name"',
        `"policy": {"endpoint_stale_after": "${version === 1 ? 0.3 : 3600}s"}, "cluster_name"`,
      );
    const proxy = await start(t, text(1));
    await proxy.until("no host", async () => (await answers(proxy)) === "no healthy upstream");
    assert.equal((await proxy.stats("assignment_stale")).get("cluster.app.assignment_stale"), 1);
    replace(proxy, text(2));
    await proxy.until("the host again", async () => (await answers(proxy)) === "first");
  });

  it("keeps its hosts when the file is wrong, and says where it is wrong", async (t) => {
    const first = await upstream(t, "first");
    const proxy = await start(t, assignment([[loopback(first.port)]]));
    const wrong = assignment([[loopback(first.port), { load_balancing_wait: 3 }]]);
    const line = wrong.split("\n").findIndex((text) => text.includes("load_balancing_wait")) + 1;
    replace(proxy, wrong);
    await proxy.waitForLog(
      new RegExp(`${FILE}:${line}:\\d+: resources\\[0\\]\\.endpoints\\[0\\]\\.lb_endpoints\\[0\\]`),
    );
    assert.equal(await answers(proxy), "first");
    assert.equal((await proxy.stats("update_rejected")).get("cluster.app.update_rejected"), 1);
    replace(proxy, "{}");
    await proxy.waitForLog(/this is no DiscoveryResponse/);
    replace(proxy, assignment([]).replace('"service"', '"other"'));
    await proxy.waitForLog(/there is no ClusterLoadAssignment with cluster_name/);
    assert.equal(await answers(proxy), "first");
  });

  it("shares it with 199 others: it is read once for all of them, and each has its own endpoints", async (t) => {
    const [first, second] = [await upstream(t, "first"), await upstream(t, "second")];
    const names = Array.from({ length: 200 }, (_, index) => `c${index}`);
    const text = (even: FakeUpstream, odd: FakeUpstream): string =>
      JSON.stringify({
        resources: names.map((cluster_name, index) => ({
          "@type": "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment",
          cluster_name,
          endpoints: [{ lb_endpoints: [{ endpoint: { address: loopback((index % 2 === 0 ? even : odd).port) } }] }],
        })),
      });
    const clusters = names.map((name) => ({
      name,
      type: "EDS",
      eds_cluster_config: { eds_config: { path_config_source: { path: FILE } } },
    }));
    const routes = names.map((name) => clusterRoute(name, `/${name}/`));
    const config = sampleBootstrap({ listeners: [{ routes }], clusters });
    const proxy = await startTestProxy(t, { config, files: { [FILE]: text(first, second) } });
    const counts = async (stat: string): Promise<Map<number, number>> => {
      const found = new Map<number, number>();
      for (const value of (await proxy.stats(`^cluster\\.c\\d+\\.${stat}$`)).values())
        found.set(value, (found.get(value) ?? 0) + 1);
      return found;
    };
    const answer = async (name: string): Promise<string> =>
      (await requestOnce(proxy.port(), { target: `/${name}/` })).body;
    assert.deepEqual([await answer("c0"), await answer("c199")], ["first", "second"]);
    assert.deepEqual(await counts("update_success"), new Map([[1, 200]]));
    assert.deepEqual(await counts("update_rejected"), new Map([[0, 200]]));
    replace(proxy, text(second, first));
    await proxy.until("200 updates", async () => (await counts("update_success")).get(2) === 200);
    // The worker is told a little later.
    await proxy.until("the new endpoints of the first", async () => (await answer("c0")) === "second");
    await proxy.until("the new endpoints of the last", async () => (await answer("c199")) === "first");
    assert.deepEqual(await counts("update_attempt"), new Map([[2, 200]]));
  });

  it("reads the file again when anything happens in watched_directory, as Kubernetes swaps folders", async (t) => {
    const [first, second] = [await upstream(t, "first"), await upstream(t, "second")];
    const folder = makeFolder(t);
    for (const [version, server] of [
      ["..1", first],
      ["..2", second],
    ] as const) {
      mkdirSync(path.join(folder, version));
      writeFileSync(path.join(folder, version, FILE), assignment([[loopback(server.port)]]));
    }
    symlinkSync("..1", path.join(folder, "..data"));
    const file = path.join(folder, "..data", FILE);
    const source = { path_config_source: { path: file, watched_directory: { path: folder } } };
    const proxy = await start(t, "", source);
    assert.equal(await answers(proxy), "first");
    symlinkSync("..2", path.join(folder, "..tmp"));
    renameSync(path.join(folder, "..tmp"), path.join(folder, "..data"));
    await proxy.until("the second", async () => (await answers(proxy)) === "second");
  });

  it("is refused without a file, and with ADS, by name", async () => {
    const rows = [
      { source: { path_config_source: { path: "nowhere.yaml" } }, says: /there is no file .*nowhere\.yaml/ },
      { source: { ads: {} }, says: /eds_config\.ads: ads is not supported yet: ADS comes with xDS/ },
    ];
    for (const { source, says } of rows) {
      await assert.rejects(startProxy({ config: sampleBootstrap({ clusters: [edsCluster(source)] }) }), says);
    }
  });
});
