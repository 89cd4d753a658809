import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { FakeUpstream, resetting } from "../harness/fake-upstream.ts";
import { requestOnce } from "../harness/http1-client.ts";
import { answerRoute, clusterRoute, loopback, sampleBootstrap, sampleCluster } from "../harness/sample-bootstrap.ts";
import { type RunningProxy, startProxy } from "../harness/start-proxy.ts";
import { startTestProxy } from "../harness/test-proxy.ts";

interface Failure {
  readonly worker: string;
  readonly status: number;
  readonly flags: readonly string[];
  readonly reason: string;
  readonly path: string;
  readonly attempts: readonly { readonly host: string; readonly reason: string; readonly ended_ms: number }[];
  readonly request_complete_ms: number;
  readonly upstream_connected_ms: number;
  readonly upstream_sent_ms: number;
  readonly total_ms: number;
}

describe("The last failed requests", () => {
  let upstream: FakeUpstream;
  let proxy: RunningProxy;
  const config = (): object => {
    const retry = { cluster: "resets", retry_policy: { retry_on: "reset", num_retries: 1 } };
    return sampleBootstrap({
      listeners: [
        {
          routes: [
            answerRoute("fine", "/fine"),
            { match: { prefix: "/reset" }, route: retry },
            clusterRoute("ill", "/ill"),
            clusterRoute("closed", "/closed"),
          ],
        },
      ],
      clusters: [
        sampleCluster("resets", [loopback(upstream.port)]),
        sampleCluster("closed", [loopback(1)]),
        {
          name: "ill",
          load_assignment: {
            cluster_name: "ill",
            endpoints: [
              {
                lb_endpoints: [
                  { health_status: "UNHEALTHY", endpoint: { address: loopback(upstream.port) } },
                  { health_status: "DRAINING", endpoint: { address: loopback(upstream.port + 1) } },
                ],
              },
            ],
          },
          common_lb_config: { healthy_panic_threshold: { value: 0 } },
        },
      ],
    });
  };
  before(async () => {
    upstream = await FakeUpstream.start(resetting);
    proxy = await startProxy({ config: config(), concurrency: 2 });
    for (const target of ["/fine", "/ill?key=secret", "/reset", "/closed", "/nothing"]) {
      await requestOnce(proxy.port(), { target, headers: { host: "a.test" } });
    }
  });
  after(async () => {
    await proxy?.kill();
    await upstream?.close();
  });

  const failures = async (query = ""): Promise<readonly Failure[]> =>
    JSON.parse((await proxy.admin(`/explain/last?format=json${query}`)).body).failures;

  it("are listed with flag, status and a reason in a sentence; those that went well are not", async () => {
    assert.deepEqual(
      (await failures()).map(({ path, status, flags, reason }) => [path, status, flags.join(), reason]).sort(),
      [
        ["/closed", 503, "UF", "could not connect to host 127.0.0.1:1: delayed connect error: Connection refused"],
        [
          "/ill?…",
          503,
          "UH",
          "no healthy host in cluster ill: 2 hosts: 1 unhealthy by discovery, 1 draining by discovery",
        ],
        ["/nothing", 404, "NR", "no route: virtual host all has none for the request"],
        [
          "/reset",
          503,
          "UC,URX",
          `host 127.0.0.1:${upstream.port} ended the connection before the response was complete; no more retries were allowed`,
        ],
      ],
    );
  });

  it("have their attempts, each with its host", async () => {
    const [reset] = await failures("&filter=/reset");
    const host = `127.0.0.1:${upstream.port}`;
    assert.deepEqual(
      reset!.attempts.map((attempt) => [attempt.host, attempt.reason]),
      [
        [host, "connection termination"],
        [host, "connection termination"],
      ],
    );
    assert.ok(reset!.total_ms > 0);
    // The phases, in the order in which they were over; what did not happen has no time.
    assert.ok(reset!.request_complete_ms >= 0 && reset!.upstream_connected_ms >= 0 && reset!.upstream_sent_ms >= 0);
    assert.ok(reset!.upstream_sent_ms <= reset!.total_ms);
    assert.ok(reset!.attempts.every(({ ended_ms }) => ended_ms > 0 && ended_ms <= reset!.total_ms));
    const [closed] = await failures("&filter=/closed");
    assert.equal(closed!.upstream_connected_ms, -1);
  });

  it("can be had by flag, and as text", async () => {
    assert.deepEqual(
      (await failures("&flag=UH")).map(({ path }) => path),
      ["/ill?…"],
    );
    const { body } = await proxy.admin("/explain/last?flag=UH");
    assert.match(
      body,
      /^\S+ GET a\.test\/ill\?… 503 UH no_healthy_upstream\n {2}no healthy host in cluster ill: 2 hosts/,
    );
    assert.doesNotMatch(body, /secret/);
    assert.equal((await proxy.admin("/explain/last?flag=uh")).body, body);
    const none = await proxy.admin("/explain/last?flag=NOPE");
    assert.match(none.body, /^none of the \d+ failed requests that are remembered is like that\n$/);
    assert.equal((await failures("&limit=1")).length, 1);
    assert.equal((await proxy.admin("/explain/last?limit=x")).status, 400);
  });

  it("are those of the other workers while one is blocked", async () => {
    await proxy.post("/actors/worker-1/block?ms=60000");
    const page = JSON.parse((await proxy.admin("/explain/last?format=json")).body);
    assert.equal(page.partial, true);
    assert.ok(page.failures.every(({ worker }: Failure) => worker === "worker-2"));
  });

  it("are not kept with --failed-requests 0", async (t) => {
    const other = await startTestProxy(t, { config: config(), args: ["--failed-requests", "0"] });
    await requestOnce(other.port(), { target: "/nothing" });
    assert.equal((await other.admin("/explain/last")).body, "no request has failed, as far as is remembered\n");
  });
});
