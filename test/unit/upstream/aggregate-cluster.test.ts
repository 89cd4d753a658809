import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { PLAIN_LOAD_BALANCER_CONTEXT } from "../../../src/lb/load-balancer-context.ts";
import type { ClusterData } from "../../../src/upstream/cluster-data.ts";
import { answering, FakeUpstream } from "../../harness/fake-upstream.ts";
import { clusterData, endpointData } from "./cluster-fixture.ts";
import { compileCluster } from "./compile-cluster.ts";
import { PoolRequest, WorkerFixture } from "./pool/pool-fixture.ts";

function aggregate(...clusters: readonly string[]): ClusterData {
  return clusterData([], { aggregate: clusters });
}

function part(name: string, ports: readonly number[], changes: Partial<ClusterData> = {}): ClusterData {
  const endpoints = ports.map((port) => endpointData(port));
  return clusterData(endpoints, { name, observabilityName: name, ...changes });
}

const dead = { endpoints: [endpointData(9, { healthStatus: "unhealthy" })] };

function scene(t: TestContext) {
  const worker = new WorkerFixture();
  t.after(() => worker.close());
  return {
    worker,
    /** The ports that eight requests to the aggregate cluster go to. */
    ports(): string {
      const picked = new Set<string>();
      for (let at = 0; at < 8; at++) {
        const host = worker.manager.get("one")!.chooseHost(PLAIN_LOAD_BALANCER_CONTEXT);
        picked.add(host === null ? "none" : host.addressText.slice("127.0.0.1:".length));
      }
      return [...picked].sort().join(" ");
    },
  };
}

describe("An aggregate cluster on a worker", () => {
  it("uses the hosts of its first cluster, and of the next when those are unhealthy", (t) => {
    const { worker, ports } = scene(t);
    worker.apply([aggregate("a", "b"), part("a", [1, 2]), part("b", [3, 4])]);
    assert.equal(ports(), "1 2");
    worker.apply([part("a", [], dead)]);
    assert.equal(ports(), "3 4");
    worker.apply([part("a", [1, 2])]);
    assert.equal(ports(), "1 2");
  });

  it("follows clusters that come, go, and are made anew, in whatever order", (t) => {
    const { worker, ports } = scene(t);
    worker.apply([aggregate("a", "b")]);
    assert.equal(ports(), "none");
    assert.equal(worker.stat("upstream_cx_none_healthy"), 8);
    worker.apply([part("b", [3])]);
    assert.equal(ports(), "3");
    worker.apply([part("a", [1])]);
    assert.equal(ports(), "1");
    const { connectionSettings } = part("a", []);
    worker.apply([part("a", [5], { connectionSettings: { ...connectionSettings, enableTrailers: true } })]);
    assert.equal(ports(), "5");
    worker.apply([], ["a"]);
    assert.equal(ports(), "3");
    worker.apply([], ["b"]);
    assert.equal(ports(), "none");
  });

  it("takes over another list of clusters", (t) => {
    const { worker, ports } = scene(t);
    worker.apply([aggregate("a"), part("a", [1]), part("b", [2])]);
    assert.equal(ports(), "1");
    worker.apply([aggregate("b", "a")]);
    assert.equal(ports(), "2");
    worker.apply([part("one", [3])]);
    assert.equal(ports(), "3");
    worker.apply([aggregate("a")]);
    assert.equal(ports(), "1");
  });

  it("has no end of its own making: aggregate clusters in one another have no hosts", (t) => {
    const { worker, ports } = scene(t);
    worker.apply([aggregate("one", "two"), clusterData([], { name: "two", aggregate: ["one"] })]);
    assert.equal(ports(), "none");
  });

  it("shares the connections of its clusters, which count them and hold their limits", async (t) => {
    const upstream = await FakeUpstream.start(answering("ok"));
    t.after(() => upstream.close());
    const { worker } = scene(t);
    worker.apply([aggregate("a"), part("a", [upstream.port])]);
    assert.equal(await worker.request().done, "200");
    assert.equal(await worker.request(new PoolRequest(), "default", "a").done, "200");
    assert.equal(upstream.connections.length, 1);
    assert.equal(worker.stats.value("cluster.a.upstream_cx_total"), 1);
    assert.equal(worker.stats.value("cluster.a.upstream_rq_total"), 2);
    assert.equal(worker.stat("upstream_cx_total"), 0);
    assert.equal(worker.stat("membership_total"), 0);
    const { circuitBreakers } = part("a", []);
    const none = { ...circuitBreakers.default, maxRequests: 0 };
    worker.apply([part("a", [upstream.port], { circuitBreakers: { ...circuitBreakers, default: none } })]);
    assert.equal(await worker.request().done, "overflow");
    assert.equal(worker.stats.value("cluster.a.upstream_rq_pending_overflow"), 1);
    assert.equal(worker.stat("upstream_rq_pending_overflow"), 0);
    assert.equal(worker.manager.openBreakers("one"), "0 of 0 requests of cluster a");
  });

  it("knows which hosts are still there", (t) => {
    const { worker } = scene(t);
    worker.apply([aggregate("a"), part("a", [1])]);
    const cluster = worker.manager.get("one")!;
    const host = cluster.chooseHost(PLAIN_LOAD_BALANCER_CONTEXT)!;
    assert.equal(cluster.hasHost(host), true);
    worker.apply([part("a", [2])]);
    assert.equal(cluster.hasHost(host), false);
    const next = cluster.chooseHost(PLAIN_LOAD_BALANCER_CONTEXT)!;
    worker.apply([], ["a"]);
    assert.equal(cluster.hasHost(next), false);
  });

  it("is explained by the hosts of its clusters, with their priorities in one list", (t) => {
    const { worker } = scene(t);
    const later = { endpoints: [endpointData(4, { priority: 1 })] };
    worker.apply([aggregate("a", "b"), part("a", [1]), part("b", [], later)]);
    const explained = worker.manager.explain("one")!;
    assert.equal(explained.loadBalancer, "aggregate of a, b");
    assert.equal(explained.whyNone, "");
    assert.deepEqual(
      explained.hosts.map(({ address, cluster, priority }) => [address, cluster, priority]),
      [
        ["127.0.0.1:1", "a", 0],
        ["127.0.0.1:4", "b", 1],
      ],
    );
    worker.apply([], ["a", "b"]);
    assert.equal(worker.manager.explain("one")!.whyNone, "has no hosts");
  });
});

describe("envoy.clusters.aggregate", () => {
  const TYPE = "type.googleapis.com/envoy.extensions.clusters.aggregate.v3.ClusterConfig";
  const typed = (clusters: string[]) => ({
    lbPolicy: "CLUSTER_PROVIDED",
    clusterType: { name: "envoy.clusters.aggregate", typedConfig: { "@type": TYPE, clusters } },
  });

  it("compiles to the names of its clusters", () => {
    const { data, problems } = compileCluster(typed(["a", "b"]));
    assert.deepEqual(problems, []);
    assert.deepEqual(data.aggregate, ["a", "b"]);
    assert.equal(data.discovery, "static");
    assert.equal(compileCluster({}).data.aggregate, null);
  });

  it("is refused without CLUSTER_PROVIDED, with endpoints of its own, without clusters, and for one named twice", () => {
    assert.deepEqual(compileCluster({ ...typed(["a"]), lbPolicy: "RANDOM" }).problems, [
      "error lb_policy: an aggregate cluster needs CLUSTER_PROVIDED",
    ]);
    assert.deepEqual(compileCluster({ ...typed(["a"]), loadAssignment: { clusterName: "one" } }).problems, [
      "error load_assignment: an aggregate cluster has no endpoints of its own",
    ]);
    assert.match(compileCluster(typed([])).problems.join(), /cluster_type\.typed_config\.clusters/);
    assert.deepEqual(compileCluster(typed(["a", "b", "a"])).problems, [
      'error cluster_type.typed_config.clusters[2]: "a" is named twice',
    ]);
  });

  it("warns of settings that only its clusters can have", () => {
    const { problems } = compileCluster({ ...typed(["a"]), outlierDetection: {} });
    assert.deepEqual(problems, [
      "warning outlier_detection: outlier_detection has no effect: the hosts and connections of an aggregate cluster are those of its clusters",
    ]);
  });

  it("is the only type of its kind", () => {
    const typedConfig = { "@type": "type.googleapis.com/google.protobuf.Empty" };
    const { problems } = compileCluster({ clusterType: { name: "envoy.clusters.other", typedConfig } });
    assert.match(problems.join("\n"), /^error cluster_type\.typed_config: /);
  });
});
