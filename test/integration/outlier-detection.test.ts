import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { answering, FakeUpstream, resetting } from "../harness/fake-upstream.ts";
import type { Http1Client } from "../harness/http1-client.ts";
import { clientsOfAllWorkers } from "../harness/http1-clients.ts";
import { loopback, type SampleBootstrap, sampleBootstrap, sampleCluster } from "../harness/sample-bootstrap.ts";
import type { RunningProxy } from "../harness/start-proxy.ts";
import { startTestProxy } from "../harness/test-proxy.ts";

const WITHOUT_JITTER = { interval: "0.05s", base_ejection_time: "0.05s", max_ejection_percent: 100 };

async function upstreams(t: TestContext, names: readonly string[]): Promise<FakeUpstream[]> {
  const started = await Promise.all(names.map((name) => FakeUpstream.start(answering(name))));
  t.after(() => Promise.all(started.map((upstream) => upstream.close())));
  return started;
}

function clusterOf(hosts: readonly FakeUpstream[], detection: object, more: object = {}): object {
  const addresses = hosts.map(({ port }) => loopback(port));
  return sampleCluster("app", addresses, { outlier_detection: { ...WITHOUT_JITTER, ...detection }, ...more });
}

async function start(
  t: TestContext,
  cluster: object,
  more: Omit<SampleBootstrap, "clusters"> = {},
): Promise<RunningProxy> {
  return startTestProxy(t, { config: sampleBootstrap({ clusters: [cluster], ...more }), concurrency: 2 });
}

/** What is answered over four requests on each connection: body, or status if that is not 200. */
async function answers(connections: readonly Http1Client[]): Promise<string[]> {
  const seen = new Set<string>();
  for (let round = 0; round < 4; round++) {
    const responses = await Promise.all(connections.map((client) => client.request()));
    for (const { status, body } of responses) seen.add(status === 200 ? body : String(status));
  }
  return [...seen].sort();
}

function ejectedHosts(proxy: RunningProxy, count: number): Promise<void> {
  return proxy.until(`${count} ejected hosts on all workers`, async () => {
    const [stats, page] = await Promise.all([proxy.stats("cluster.app"), proxy.admin("/clusters")]);
    const flagged = page.body.match(/health_flags::\/failed_outlier_check/g)?.length ?? 0;
    return stats.get("cluster.app.outlier_detection.ejections_active") === count && flagged === count;
  });
}

describe("A cluster with outlier detection", () => {
  it("ejects a host with five answers 5xx in a row, counted over all workers, on each of them", async (t) => {
    const [a, b] = await upstreams(t, ["a", "b"]);
    const proxy = await start(t, clusterOf([a!, b!], { base_ejection_time: "300s" }));
    const connections = await clientsOfAllWorkers(t, proxy.port());
    assert.deepEqual(await answers(connections), ["a", "b"]);
    b!.setScript(answering("b", 500));
    await answers(connections);
    await ejectedHosts(proxy, 1);
    assert.deepEqual(await answers(connections), ["a"]);
    const stats = await proxy.stats("cluster.app.");
    const detection = "cluster.app.outlier_detection.";
    assert.equal(stats.get("cluster.app.membership_healthy"), 1);
    assert.equal(stats.get(`${detection}ejections_total`), 1);
    assert.equal(stats.get(`${detection}ejections_enforced_total`), 1);
    assert.equal(stats.get(`${detection}ejections_consecutive_5xx`), 1);
    assert.equal(stats.get(`${detection}ejections_enforced_consecutive_5xx`), 1);
    assert.match(
      (await proxy.admin("/membership")).body,
      new RegExp(`app +127\\.0\\.0\\.1:${b!.port} +CONSECUTIVE_5XX`),
    );
  });

  it("uses the host again after its time", async (t) => {
    const [a, b] = await upstreams(t, ["a", "b"]);
    const proxy = await start(t, clusterOf([a!, b!], { base_ejection_time: "0.1s", max_ejection_time: "0.1s" }));
    const connections = await clientsOfAllWorkers(t, proxy.port());
    b!.setScript(answering("b", 500));
    await proxy.until("an ejection", async () => {
      await answers(connections);
      return (await proxy.stats("ejections_total")).get("cluster.app.outlier_detection.ejections_total")! >= 1;
    });
    b!.setScript(answering("b"));
    // What a worker tells late of the failures before may eject it once more.
    await proxy.until("both again", async () => {
      await ejectedHosts(proxy, 0);
      return (await answers(connections)).join() === "a,b";
    });
  });

  it("counts resets as gateway failures, and hides them from clients that let it retry", async (t) => {
    const [a, b] = await upstreams(t, ["a", "b"]);
    const detection = {
      base_ejection_time: "300s",
      consecutive_gateway_failure: 3,
      enforcing_consecutive_gateway_failure: 100,
    };
    const retry = { cluster: "app", retry_policy: { retry_on: "reset", num_retries: 9 } };
    const listeners = [{ routes: [{ match: { prefix: "/" }, route: retry }] }];
    const proxy = await start(t, clusterOf([a!, b!], detection), { listeners });
    const connections = await clientsOfAllWorkers(t, proxy.port());
    b!.setScript(resetting);
    await proxy.until("an ejection", async () => {
      for (const client of connections) assert.equal((await client.request()).status, 200);
      const name = "cluster.app.outlier_detection.ejections_enforced_consecutive_gateway_failure";
      return (await proxy.stats(name)).get(name) === 1;
    });
    await ejectedHosts(proxy, 1);
  });

  it("counts failures to connect apart if told to", async (t) => {
    const [a, b] = await upstreams(t, ["a", "b"]);
    const detection = { base_ejection_time: "300s", split_external_local_origin_errors: true };
    const proxy = await start(t, clusterOf([a!, b!], detection));
    await b!.close();
    const connections = await clientsOfAllWorkers(t, proxy.port());
    assert.deepEqual(await answers(connections), ["503", "a"]);
    await ejectedHosts(proxy, 1);
    const stats = await proxy.stats("cluster.app.outlier_detection");
    assert.equal(stats.get("cluster.app.outlier_detection.ejections_enforced_consecutive_local_origin_failure"), 1);
    assert.equal(stats.get("cluster.app.outlier_detection.ejections_consecutive_5xx"), 0);
    assert.deepEqual(await answers(connections), ["a"]);
  });

  it("knows who is ejected over a reload, and lets all back in when it is taken out of the configuration", async (t) => {
    const [a, b] = await upstreams(t, ["a", "b"]);
    const proxy = await start(t, clusterOf([a!, b!], { base_ejection_time: "300s" }));
    const connections = await clientsOfAllWorkers(t, proxy.port());
    b!.setScript(answering("b", 503));
    await answers(connections);
    await ejectedHosts(proxy, 1);
    const longer = clusterOf([a!, b!], { base_ejection_time: "301s" });
    await proxy.reload(sampleBootstrap({ clusters: [longer] }));
    assert.deepEqual(await answers(connections), ["a"]);
    b!.setScript(answering("b"));
    await proxy.reload(
      sampleBootstrap({
        clusters: [
          sampleCluster(
            "app",
            [a!, b!].map(({ port }) => loopback(port)),
          ),
        ],
      }),
    );
    assert.deepEqual(await answers(connections), ["a", "b"]);
  });

  it("writes what it did to the file of events", async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "troupe-outlier-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const path = join(folder, "events");
    const [a, b] = await upstreams(t, ["a", "b"]);
    const more = { cluster_manager: { outlier_detection: { event_log_path: path } } };
    const proxy = await start(t, clusterOf([a!, b!], { base_ejection_time: "300s" }), { more });
    b!.setScript(answering("b", 500));
    await answers(await clientsOfAllWorkers(t, proxy.port()));
    await ejectedHosts(proxy, 1);
    let text = "";
    await proxy.until("a line", async () => {
      text = readFileSync(path, "utf8");
      return text.endsWith("\n");
    });
    const { timestamp, ...event } = JSON.parse(text.split("\n")[0]!) as Record<string, unknown>;
    assert.match(String(timestamp), /^\d{4}-\d\d-\d\dT/);
    assert.deepEqual(event, {
      type: "CONSECUTIVE_5XX",
      cluster_name: "app",
      upstream_url: `127.0.0.1:${b!.port}`,
      action: "EJECT",
      num_ejections: 1,
      enforced: true,
      eject_consecutive_event: {},
    });
  });
});
