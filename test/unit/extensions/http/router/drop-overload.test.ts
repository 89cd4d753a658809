import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import type { RandomSource } from "../../../../../src/base/random.ts";
import { answering } from "../../../../harness/fake-upstream.ts";
import { loopback } from "../../../../harness/sample-bootstrap.ts";
import { fixedRandom } from "../../../../harness/stream-fixtures.ts";
import { Proxied, type ProxiedOptions } from "../../proxied.ts";

/** A cluster of one endpoint that is to drop so many requests. */
async function overloaded(test: TestContext, drops: readonly object[], options: ProxiedOptions = {}): Promise<Proxied> {
  const upstream = await Proxied.start(test, { script: answering("up") });
  const endpoints = [{ lb_endpoints: [{ endpoint: { address: loopback(upstream.upstream.port) } }] }];
  const load_assignment = { cluster_name: "app", endpoints, policy: { drop_overloads: drops } };
  return Proxied.start(test, { ...options, cluster: { load_assignment } });
}

const share = (numerator: number, denominator = "HUNDRED"): object => ({
  category: "lb",
  drop_percentage: { numerator, denominator },
});

/** Everybody who asks gets the number of the moment. */
function fixedRandomOf(value: () => number): RandomSource {
  return { ...fixedRandom, uint32: value };
}

describe("A cluster with drop_overloads", () => {
  it("drops all requests at 100 %", async (test) => {
    const proxied = await overloaded(test, [share(100)]);
    const response = await (await proxied.client()).request();
    assert.deepEqual([response.status, response.body], [503, "unconditional drop overload"]);
    assert.equal(response.header("x-envoy-unconditional-drop-overload"), "true");
    assert.deepEqual(await proxied.logged(), { status: 503, flags: "UDO", details: "unconditional_drop_overload" });
    assert.equal(proxied.stat("cluster.app.upstream_rq_drop_overload"), 1);
    assert.equal(proxied.stat("cluster.app.upstream_rq_503"), 1);
    assert.equal(proxied.stat("cluster.app.upstream_cx_total"), 0);
  });

  it("drops a share of them, by chance", async (test) => {
    let value = 0;
    const random = fixedRandomOf(() => value);
    const proxied = await overloaded(test, [share(250_000, "MILLION")], { random });
    const client = await proxied.client();
    const statuses: number[] = [];
    for (value of [249_999, 250_000, 1_249_999, 999_999]) {
      const response = await client.request();
      statuses.push(response.status);
      if (response.status !== 503) continue;
      assert.equal(response.body, "drop overload");
      assert.equal(response.header("x-envoy-drop-overload"), "true");
    }
    assert.deepEqual(statuses, [503, 200, 503, 200]);
    assert.deepEqual(await proxied.logged(), { status: 503, flags: "DO", details: "drop_overload" });
    assert.equal(proxied.stat("cluster.app.upstream_rq_drop_overload"), 2);
  });

  it("leaves the header out where the router is to add none", async (test) => {
    const router = {
      name: "envoy.filters.http.router",
      typed_config: {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router",
        suppress_envoy_headers: true,
      },
    };
    const proxied = await overloaded(test, [share(100)], { manager: { http_filters: [router] } });
    assert.equal((await (await proxied.client()).request()).header("x-envoy-unconditional-drop-overload"), undefined);
  });

  it("drops nothing at 0", async (test) => {
    const proxied = await overloaded(test, [share(0)]);
    assert.equal((await (await proxied.client()).request()).status, 200);
  });

  it("has one category, and a share that is one", async (test) => {
    await assert.rejects(overloaded(test, [share(1), share(2)]), /one category only/);
    await assert.rejects(overloaded(test, [share(101)]), /more than all/);
  });
});
