import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { hostKey, hostRates } from "../../../../src/admin/page/host-rates.ts";
import { layOut, NODE } from "../../../../src/admin/page/traffic-layout.ts";
import { type ClusterState, trafficModel } from "../../../../src/admin/page/traffic-model.ts";
import { answerRoute, clusterRoute, loopback, sampleBootstrap } from "../../../harness/sample-bootstrap.ts";

/** The listeners of a bootstrap. */
function listenersOf(bootstrap: object): readonly unknown[] {
  return (bootstrap as { static_resources: { listeners: unknown[] } }).static_resources.listeners;
}

const routes = [
  answerRoute("x", "/a"),
  clusterRoute("one", "/b"),
  {
    match: { path: "/c" },
    route: {
      weighted_clusters: {
        clusters: [
          { name: "one", weight: 1 },
          { name: "two", weight: 1 },
        ],
      },
    },
  },
];
const tcp = {
  name: "raw",
  address: loopback(99),
  filter_chains: [
    {
      name: "c1",
      filters: [{ typed_config: { "@type": "type.googleapis.com/x.TcpProxy", stat_prefix: "t:1", cluster: "two" } }],
    },
  ],
};
const clusters: ClusterState[] = [
  {
    name: "one",
    host_statuses: [
      { address: loopback(1), stats: [{ name: "rq_total", value: "10" }] },
      { address: loopback(2), health_status: { failed_active_health_check: true, eds_health_status: "HEALTHY" } },
    ],
  },
  { name: "idle:1", observability_name: "idle_alt" },
];

describe("trafficModel", () => {
  const model = trafficModel([...listenersOf(sampleBootstrap({ listeners: [{ routes }] })), tcp], clusters);
  const node = (id: string) => model.nodes.find((each) => each.id === id);

  it("leads from listeners over chains and routes to clusters and hosts", () => {
    assert.deepEqual(
      model.edges.map(({ from, to }) => `${from} -> ${to}`),
      [
        "listener ingress -> chain ingress 0",
        "chain ingress 0 -> route chain ingress 0 0.0",
        "chain ingress 0 -> route chain ingress 0 0.1",
        "route chain ingress 0 0.1 -> cluster one",
        "chain ingress 0 -> route chain ingress 0 0.2",
        "route chain ingress 0 0.2 -> cluster one",
        "route chain ingress 0 0.2 -> cluster two",
        "listener raw -> chain raw 0",
        "chain raw 0 -> cluster two",
        "cluster one -> host one 127.0.0.1:1",
        "cluster one -> host one 127.0.0.1:2",
      ],
    );
  });

  it("knows the statistics of each part, with `_` for `:`", () => {
    assert.equal(node("listener raw")?.statKey, "listener 127.0.0.1_99");
    assert.equal(node("chain ingress 0")?.statKey, "http ingress");
    assert.equal(node("chain raw 0")?.statKey, "tcp t_1");
    assert.equal(node("cluster one")?.statKey, "cluster one");
    assert.equal(node("cluster idle:1")?.statKey, "cluster idle_alt");
  });

  it("says how routes match and how hosts and clusters are", () => {
    assert.deepEqual(
      ["0.0", "0.1", "0.2"].map((at) => node(`route chain ingress 0 ${at}`)?.label),
      ["/a…", "/b…", "= /c"],
    );
    assert.equal(node("cluster one")?.note, "1 of 2 healthy");
    assert.equal(node("host one 127.0.0.1:2")?.note, "failed active health check");
    assert.equal(node("cluster two")?.note, "does not exist");
  });

  it("draws at most 60 parts of a kind and counts the others", () => {
    const many = Array.from({ length: 100 }, (_, i) => ({ name: `c${i}` }));
    const large = trafficModel([], many);
    assert.equal(large.nodes.length, 60);
    assert.equal(large.leftOut.cluster, 40);
  });

  it("makes something of any JSON", () => {
    for (const odd of [null, 1, "x", [], { filter_chains: 1 }, { filter_chains: [null, { filters: [{}] }] }]) {
      assert.ok(trafficModel([odd], []).nodes.length >= 1);
    }
  });
});

describe("layOut", () => {
  it("gives each kind a column and each part a place of its own", () => {
    const model = trafficModel(listenersOf(sampleBootstrap({ listeners: [{ routes }] })), clusters);
    const { spots, lines, height } = layOut(model);
    const places = new Set([...spots.values()].map(({ x, y }) => `${x} ${y}`));
    assert.equal(places.size, model.nodes.length);
    assert.equal(lines.length, model.edges.length);
    assert.equal(height, 3 * (NODE.height + NODE.gapY));
    assert.equal(spots.get("cluster one")?.x, 3 * (NODE.width + NODE.gapX));
  });

  it("makes the columns fit the width, unless it is too narrow for them", () => {
    const model = trafficModel(listenersOf(sampleBootstrap({ listeners: [{ routes }] })), clusters);
    for (const width of [820, 1000, 1240, 1400, 1500]) {
      const layout = layOut(model, width);
      assert.ok(layout.width <= width && layout.width > width - 20, `${layout.width} of ${width}`);
      assert.ok(layout.nodeWidth >= 140 && layout.nodeWidth <= NODE.width);
    }
    assert.equal(layOut(model, 360).width, 5 * NODE.width + 4 * NODE.gapX);
    assert.equal(layOut(model, 3000).nodeWidth, NODE.width);
  });

  it("shows of a big picture what has a text, and what that leads to or comes from", () => {
    const listeners = listenersOf(sampleBootstrap({ listeners: [{ routes }] }));
    const ids = (filter: string) => trafficModel(listeners, clusters, filter).nodes.map(({ id }) => id);
    assert.deepEqual(ids("IDLE"), ["cluster idle:1"]);
    assert.ok(ids("127.0.0.1:2").includes("route chain ingress 0 0.1"));
    assert.ok(!ids("127.0.0.1:2").includes("cluster two"));
    // Its cluster has another way to it, be that shown or not.
    assert.equal(trafficModel(listeners, clusters, "/b").onlyWays.size, 0);
  });
});

describe("hostRates", () => {
  const total = (value: string): ClusterState[] => [
    { name: "one", host_statuses: [{ address: loopback(1), stats: [{ name: "rq_total", value }] }] },
  ];

  it("is what each host got in between, per second, and counts from zero after a reset", () => {
    const key = hostKey("one", loopback(1));
    assert.equal(hostRates(total("10"), total("30"), 2000).get(key), 10);
    assert.equal(hostRates(total("10"), total("4"), 1000).get(key), 4);
    assert.equal(hostRates([], total("30"), 0).size, 0);
  });
});
