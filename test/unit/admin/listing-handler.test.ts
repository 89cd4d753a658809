import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { askAdmin, tellAdmin } from "../../harness/ask-admin.ts";
import { SampleProxy } from "../../harness/sample-admin-views.ts";

interface Page {
  readonly pools: readonly Readonly<Record<string, unknown>>[];
  readonly returned: number;
  readonly matched: number;
  readonly partial: boolean;
  readonly not_answering: readonly object[];
}

const pool = (cluster: string, active: number): object => ({
  cluster,
  host: "127.0.0.1:80",
  protocol: "HTTP/1",
  priority: "default",
  state: "live",
  connecting: 0,
  active,
  idle: 1,
  activeRequests: active,
  pending: 0,
  connectionsTotal: 4,
  requestsTotal: 10,
  reuse: 2.5,
  connectFailures: 0,
  requestErrors: 0,
  requestTimeouts: 0,
});

function proxyWithPools(): SampleProxy {
  const proxy = new SampleProxy();
  proxy.listingParts = [
    { worker: "worker-1", rows: [pool("b", 1), pool("a\n", 3)] },
    { worker: "worker-2", missing: "no reply within 500 ms" },
    { worker: "worker-3", rows: [pool("c", 2)] },
  ];
  return proxy;
}

const page = async (query: string): Promise<Page> =>
  (await askAdmin(proxyWithPools(), `/pools?format=json${query}`)).json() as Page;

describe("A listing page", () => {
  it("shows the rows of all workers as a table, and who is missing", async () => {
    assert.equal(
      (await askAdmin(proxyWithPools(), "/pools")).body,
      `CLUSTER  HOST          WORKER    PROTOCOL  PRIORITY  STATE  ACTIVE  IDLE  CONNECTING  PENDING  REQUESTS  REUSE  CONNECT FAIL  ERRORS  TIMEOUTS
b        127.0.0.1:80  worker-1  HTTP/1    default   live   1       1     0           0        10        2.5    0             0       0
a?       127.0.0.1:80  worker-1  HTTP/1    default   live   3       1     0           0        10        2.5    0             0       0
c        127.0.0.1:80  worker-3  HTTP/1    default   live   2       1     0           0        10        2.5    0             0       0
partial: worker-2 does not answer (no reply within 500 ms); its pools are missing or incomplete
`,
    );
  });

  it("has the same rows in JSON, with names in snake case", async () => {
    const { pools, ...summary } = await page("");
    assert.deepEqual(summary, {
      returned: 3,
      matched: 3,
      partial: true,
      not_answering: [{ worker: "worker-2", reason: "no reply within 500 ms" }],
    });
    assert.deepEqual(
      pools.map(({ worker, cluster, active_requests }) => [worker, cluster, active_requests]),
      [
        ["worker-1", "b", 1],
        ["worker-1", "a\n", 3],
        ["worker-3", "c", 2],
      ],
    );
  });

  const slices = [
    { query: "&sort=active", clusters: ["a\n", "c", "b"] },
    { query: "&sort=cluster", clusters: ["a\n", "b", "c"] },
    { query: "&sort=active&offset=1&limit=1", clusters: ["c"] },
    { query: "&limit=1", clusters: ["b"] },
    { query: "&offset=1", clusters: ["a\n", "c"] },
    { query: "&offset=1&limit=1", clusters: ["a\n"] },
    { query: "&offset=3", clusters: [] },
    { query: "&limit=0", clusters: [] },
  ];
  for (const { query, clusters } of slices) {
    it(`gives ${JSON.stringify(clusters)} for ${query}`, async () => {
      const { pools, returned } = await page(query);
      assert.deepEqual(
        pools.map(({ cluster }) => cluster),
        clusters,
      );
      assert.equal(returned, clusters.length);
    });
  }

  it("hands filters to the workers", async () => {
    const proxy = proxyWithPools();
    await askAdmin(proxy, "/streams?filter=slow&virtual_host=all&worker=worker-2&format=json");
    assert.deepEqual(proxy.calls, [
      { listing: "streams", query: { text: "slow", fields: { virtualHost: "all" }, worker: "worker-2" } },
    ]);
  });

  const wrong = [
    { query: "sort=colour", says: /^sort must be one of cluster, host, / },
    { query: "limit=-1", says: /^limit and offset must be whole numbers\n/ },
    { query: "sort=active&offset=4900&limit=101", says: /^offset and limit of a sorted listing may be 5000 together/ },
  ];
  for (const { query, says } of wrong) {
    it(`refuses ${query}`, async () => {
      const answer = await askAdmin(proxyWithPools(), `/pools?${query}`);
      assert.equal(answer.status, 400);
      assert.match(answer.body, says);
    });
  }

  it("keeps no more rows than it shows while it sorts a long listing", async () => {
    const proxy = new SampleProxy();
    const rows = Array.from({ length: 10_000 }, (_, index) => pool(`c${index}`, index));
    proxy.listingParts = [{ worker: "worker-1", rows }];
    const answer = (await askAdmin(proxy, "/pools?format=json&sort=active&limit=2")).json() as Page;
    assert.deepEqual([answer.matched, answer.pools.map(({ active }) => active)], [10_000, [9999, 9998]]);
  });
});

describe("POST /connections/ID/close", () => {
  it("closes a connection by its id", async () => {
    const proxy = new SampleProxy();
    assert.equal((await tellAdmin(proxy, "/connections/7001/close")).body, "OK\n");
    assert.deepEqual(proxy.calls, [{ close: 7001 }]);
  });

  for (const id of ["7002", "abc", "-1"]) {
    it(`answers 404 for ${id}`, async () => {
      assert.equal((await tellAdmin(new SampleProxy(), `/connections/${id}/close`)).status, 404);
    });
  }
});
