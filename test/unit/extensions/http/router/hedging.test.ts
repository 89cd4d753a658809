import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { FakeClock } from "../../../../harness/fake-clock.ts";
import type { ClientResponse } from "../../../../harness/http1-client.ts";
import { until } from "../../../../harness/until.ts";
import type { UpstreamExchange } from "../../../../harness/upstream-exchange.ts";
import { Proxied, type ProxiedOptions } from "../../proxied.ts";

const RQ = "cluster.app.upstream_rq_";
const HEDGE = { hedge_on_per_try_timeout: true };
const POLICY = { retry_on: "5xx", per_try_timeout: "1s", num_retries: 1 };

interface Hedged {
  readonly proxied: Proxied;
  readonly clock: FakeClock;
  readonly response: Promise<ClientResponse>;
  /** The attempt that was too slow. */
  readonly slow: UpstreamExchange;
  /** The one made beside it. */
  readonly second: UpstreamExchange;
}

function start(test: TestContext, clock: FakeClock, route: object, more: ProxiedOptions = {}): Promise<Proxied> {
  return Proxied.start(test, {
    routes: [{ match: { prefix: "/" }, route: { cluster: "app", ...route } }],
    clock,
    ...more,
  });
}

async function hedge(test: TestContext, policy: object = {}, more: ProxiedOptions = {}): Promise<Hedged> {
  const clock = new FakeClock();
  const route = { timeout: "10s", hedge_policy: HEDGE, retry_policy: { ...POLICY, ...policy } };
  const proxied = await start(test, clock, route, more);
  const response = (await proxied.client()).request({ method: "POST", body: "body" });
  const slow = await proxied.upstream.nextRequest();
  assert.equal((await slow.request()).body.toString(), "body");
  clock.advance(1010);
  assert.equal(proxied.stat(`${RQ}retry`), 1);
  clock.advance(300);
  const second = await proxied.upstream.nextRequest();
  return { proxied, clock, response, slow, second };
}

describe("Router: a hedged request", () => {
  it("keeps the slow attempt, sends all of the request again, and takes the first good response", async (test) => {
    const { proxied, response, slow, second } = await hedge(test);
    assert.equal((await second.request()).body.toString(), "body");
    assert.equal(proxied.stat(`${RQ}active`), 2);
    assert.equal(proxied.stat(`${RQ}per_try_timeout`), 0);
    second.respond({ body: "second" });
    assert.equal((await response).body, "second");
    await slow.connection.whenClosed;
    assert.equal(proxied.stat(`${RQ}active`), 0);
    assert.deepEqual(await proxied.logged(), { status: 200, flags: "", details: "via_upstream" });
  });

  it("is answered by the slow attempt if that comes first after all", async (test) => {
    const { proxied, response, slow, second } = await hedge(test);
    slow.respond({ body: "slow" });
    assert.equal((await response).body, "slow");
    await second.connection.whenClosed;
    await proxied.logged();
    const { upstream } = proxied.path.logged[0]!.info;
    assert.equal(upstream?.attemptCount, 2);
    assert.equal(upstream?.bytesReceived, 4);
    assert.equal(proxied.stat(`${RQ}retry_success`), 0);
  });

  it("drops a bad response while the other attempt is under way, whichever it is", async (test) => {
    for (const bad of ["slow", "second"] as const) {
      const hedged = await hedge(test);
      hedged[bad].respond({ status: 503 });
      await until("the bad response dropped", () => hedged.proxied.stat(`${RQ}active`) === 1);
      hedged[bad === "slow" ? "second" : "slow"].respond({ body: "good" });
      assert.equal((await hedged.response).body, "good");
      assert.equal(hedged.proxied.stat(`${RQ}503`), 0);
      assert.equal(hedged.proxied.stat(`${RQ}200`), 1);
    }
  });

  it("passes the bad response of the last attempt on", async (test) => {
    const { proxied, response, slow, second } = await hedge(test);
    slow.respond({ status: 503 });
    await until("the first bad response dropped", () => proxied.stat(`${RQ}active`) === 1);
    second.respond({ status: 500 });
    assert.equal((await response).status, 500);
    assert.deepEqual(await proxied.logged(), { status: 500, flags: "URX", details: "via_upstream" });
    assert.equal(proxied.stat(`${RQ}retry_limit_exceeded`), 1);
  });

  it("goes on when the slow attempt's connection breaks, and fails when the last one's does", async (test) => {
    const { proxied, response, slow, second } = await hedge(test);
    slow.reset();
    await until("the reset", () => proxied.stat(`${RQ}active`) === 1);
    assert.equal(proxied.stat(`${RQ}503`), 1);
    second.reset();
    assert.equal((await response).status, 503);
    assert.equal((await proxied.logged()).flags, "UC,URX");
    assert.equal(proxied.stat(`${RQ}503`), 2);
  });

  it("ends with the time of the whole request, all attempts at once", async (test) => {
    const { proxied, clock, response, slow, second } = await hedge(test);
    // Nothing more may be tried: this is no reason to end any of the two.
    clock.advance(2000);
    assert.equal(proxied.stat(`${RQ}active`), 2);
    clock.advance(8000);
    assert.equal((await response).status, 504);
    assert.equal((await proxied.logged()).details, "response_timeout");
    assert.equal(proxied.stat(`${RQ}timeout`), 2);
    assert.equal(proxied.stat(`${RQ}504`), 2);
    await slow.connection.whenClosed;
    await second.connection.whenClosed;
  });

  it("ends with its client: all attempts, and the one that is due", async (test) => {
    const clock = new FakeClock();
    const policy = { ...POLICY, num_retries: 2 };
    const proxied = await start(test, clock, { hedge_policy: HEDGE, retry_policy: policy });
    const client = await proxied.client();
    void client.request().catch(() => {});
    const first = await proxied.upstream.nextRequest();
    clock.advance(1010);
    clock.advance(300);
    const second = await proxied.upstream.nextRequest();
    clock.advance(1010);
    assert.equal(proxied.stat(`${RQ}retry`), 2);
    client.close();
    await first.connection.whenClosed;
    await second.connection.whenClosed;
    assert.equal(proxied.stat(`${RQ}active`), 0);
    clock.advance(1000);
    assert.equal(proxied.upstream.requestCount, 2);
  });

  it("tells hosts the time of the whole request, not of a try", async (test) => {
    const { slow, second } = await hedge(test);
    assert.equal(slow.header("x-envoy-expected-rq-timeout-ms"), "10000");
    const rest = Number(second.header("x-envoy-expected-rq-timeout-ms"));
    assert.ok(rest > 8000 && rest <= 9000, `${rest} ms`);
  });

  it("may be asked for, or forbidden, by a trusted request", async (test) => {
    const manager = {
      internal_address_config: { cidr_ranges: [{ address_prefix: "127.0.0.1", prefix_len: 32 }] },
      use_remote_address: true,
    };
    for (const [asked, policy, active] of [
      ["true", {}, 1],
      ["false", HEDGE, 0],
      ["nonsense", HEDGE, 1],
    ] as const) {
      const clock = new FakeClock();
      const route = { hedge_policy: policy, retry_policy: { ...POLICY, retry_on: "5xx" } };
      const proxied = await start(test, clock, route, { manager });
      const client = await proxied.client();
      void client.request({ headers: { "x-envoy-hedge-on-per-try-timeout": asked } }).catch(() => {});
      const first = await proxied.upstream.nextRequest();
      assert.equal(first.header("x-envoy-hedge-on-per-try-timeout"), undefined);
      clock.advance(1010);
      assert.equal(proxied.stat(`${RQ}active`), active, asked);
    }
  });

  it("is what the virtual host says, unless the route has a policy", async (test) => {
    for (const [route, active] of [
      [{}, 1],
      [{ hedge_policy: {} }, 0],
    ] as const) {
      const clock = new FakeClock();
      const proxied = await start(test, clock, { retry_policy: POLICY, ...route }, { host: { hedge_policy: HEDGE } });
      const client = await proxied.client();
      void client.request().catch(() => {});
      await proxied.upstream.nextRequest();
      clock.advance(1010);
      assert.equal(proxied.stat(`${RQ}active`), active);
    }
  });
});
