import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { FakeClock } from "../../../../harness/fake-clock.ts";
import type { Http1Client } from "../../../../harness/http1-client.ts";
import { loopback, sampleCluster } from "../../../../harness/sample-bootstrap.ts";
import type { Proxied } from "../../proxied.ts";
import { filtered, routeWith } from "../filtered.ts";

const ALWAYS = { default_value: { numerator: 100 } };
const add = (key: string, value: string) => ({ header: { key, value } });
const LIMIT = {
  stat_prefix: "limit",
  token_bucket: { max_tokens: 2, tokens_per_fill: 1, fill_interval: "10s" },
  filter_enabled: ALWAYS,
  filter_enforced: ALWAYS,
};

function start(test: TestContext, fields: object, options: object = {}): Promise<Proxied> {
  return filtered(test, "local_ratelimit", "LocalRateLimit", fields, { clock: new FakeClock(), ...options });
}

async function statuses(client: Http1Client, count: number, target = "/"): Promise<number[]> {
  const seen: number[] = [];
  for (let i = 0; i < count; i++) seen.push((await client.request({ target })).status);
  return seen;
}

const counts = (proxied: Proxied, prefix = "limit") =>
  ["enabled", "ok", "rate_limited", "enforced"].map((name) => proxied.stat(`${prefix}.http_local_rate_limit.${name}`));

describe("The HTTP local_ratelimit filter", () => {
  it("answers what is too much with 429 until the bucket fills again", async (test) => {
    const clock = new FakeClock();
    const proxied = await start(test, LIMIT, { clock });
    const client = await proxied.client();
    assert.deepEqual(await statuses(client, 3), [200, 200, 429]);
    assert.deepEqual(await proxied.logged(3), { status: 429, flags: "RL", details: "local_rate_limited" });
    assert.deepEqual(counts(proxied), [3, 2, 1, 1]);
    clock.advance(10_000);
    assert.deepEqual(await statuses(client, 2), [200, 429]);
  });

  it("shares the bucket among connections, or gives each its own", async (test) => {
    const shared = await start(test, LIMIT);
    assert.deepEqual(await statuses(await shared.client(), 2), [200, 200]);
    assert.deepEqual(await statuses(await shared.client(), 1), [429]);
    const own = await start(test, { ...LIMIT, local_rate_limit_per_downstream_connection: true });
    assert.deepEqual(await statuses(await own.client(), 3), [200, 200, 429]);
    assert.deepEqual(await statuses(await own.client(), 3), [200, 200, 429]);
  });

  it("is off, or only counts, unless it is told otherwise", async (test) => {
    const off = await start(test, { ...LIMIT, filter_enabled: undefined });
    assert.deepEqual(await statuses(await off.client(), 3), [200, 200, 200]);
    assert.deepEqual(counts(off), [0, 0, 0, 0]);
    const counting = await start(
      test,
      { ...LIMIT, filter_enforced: undefined, request_headers_to_add_when_not_enforced: [add("x-over", "yes")] },
      {
        script: (exchange: { header(name: string): string | undefined; respond(response: object): void }) =>
          exchange.respond({ body: exchange.header("x-over") ?? "no" }),
      },
    );
    const client = await counting.client();
    const bodies: string[] = [];
    for (let i = 0; i < 3; i++) bodies.push((await client.request()).body);
    assert.deepEqual(bodies, ["no", "no", "yes"]);
    assert.deepEqual(counts(counting), [3, 2, 1, 0]);
  });

  it("chooses status, headers and what it tells of the bucket", async (test) => {
    const proxied = await start(test, {
      ...LIMIT,
      status: { code: "ServiceUnavailable" },
      response_headers_to_add: [add("x-why", "limit")],
      enable_x_ratelimit_headers: "DRAFT_VERSION_03",
    });
    const client = await proxied.client();
    const first = await client.request();
    const told = (response: typeof first) =>
      ["limit", "remaining", "reset"].map((name) => response.header(`x-ratelimit-${name}`));
    assert.deepEqual(told(first), ["2", "1", "10"]);
    assert.equal(first.header("x-why"), undefined);
    await client.request();
    const third = await client.request();
    assert.deepEqual([third.status, third.body, third.header("x-why")], [503, "local_rate_limited", "limit"]);
    assert.deepEqual(told(third), ["2", "0", "10"]);
  });

  it("takes another status than an error for 429, and tells gRPC clients what was exhausted", async (test) => {
    const fields = { ...LIMIT, token_bucket: { ...LIMIT.token_bucket, max_tokens: 1 }, status: { code: "OK" } };
    const plain = await start(test, fields);
    assert.deepEqual(await statuses(await plain.client(), 2), [200, 429]);
    for (const [exhausted, expected] of [
      [true, "8"],
      [false, "14"],
    ] as const) {
      const proxied = await start(test, { ...fields, rate_limited_as_resource_exhausted: exhausted });
      const client = await proxied.client();
      const headers = { "content-type": "application/grpc" };
      await client.request({ headers });
      assert.equal((await client.request({ headers })).header("grpc-status"), expected);
    }
  });

  it("follows the limit of the route, with a bucket and counters of its own", async (test) => {
    const tight = { ...LIMIT, stat_prefix: "tight", token_bucket: { max_tokens: 1, fill_interval: "60s" } };
    const routes = [
      routeWith("/tight", "local_ratelimit", "LocalRateLimit", tight),
      routeWith("/", "local_ratelimit", "LocalRateLimit", LIMIT),
    ];
    const proxied = await start(test, { stat_prefix: "filter" }, { routes });
    const client = await proxied.client();
    assert.deepEqual(await statuses(client, 2, "/tight"), [200, 429]);
    assert.deepEqual(await statuses(client, 3), [200, 200, 429]);
    assert.deepEqual(counts(proxied, "tight"), [2, 1, 1, 1]);
  });

  const descriptor = (value: string, maxTokens: number) => ({
    entries: [{ key: "client", value }],
    token_bucket: { max_tokens: maxTokens, fill_interval: "60s" },
  });
  const CLIENT = { actions: [{ request_headers: { header_name: "x-client", descriptor_key: "client" } }] };
  const limitedRoute = (rateLimits: object[], more: object = {}) => ({
    match: { prefix: "/" },
    route: { cluster: "app", rate_limits: rateLimits, ...more },
  });
  const spend = async (proxied: Proxied, clients: readonly string[]): Promise<number[]> => {
    const client = await proxied.client();
    const seen: number[] = [];
    for (const name of clients) seen.push((await client.request({ headers: { "x-client": name } })).status);
    return seen;
  };

  it("gives descriptors of the route's rate_limits buckets of their own, beside the default one", async (test) => {
    const fields = { ...LIMIT, token_bucket: { max_tokens: 4, fill_interval: "60s" } };
    const limited = { ...fields, descriptors: [descriptor("a", 1), descriptor("b", 2)] };
    const proxied = await start(test, limited, { routes: [limitedRoute([CLIENT])] });
    assert.deepEqual(
      await spend(proxied, ["a", "a", "b", "b", "b", "c", "c"]),
      [200, 429, 200, 200, 429, 200, 429],
      "a has one token, b two; four are there for all",
    );
    const apart = { ...limited, always_consume_default_token_bucket: false };
    const own = await start(test, apart, { routes: [limitedRoute([CLIENT])] });
    assert.deepEqual(
      await spend(own, ["a", "b", "b", "c", "c", "c", "c", "c"]),
      [200, 200, 200, 200, 200, 200, 200, 429],
    );
  });

  it("tells of the bucket that decided, and gives each connection buckets of its own", async (test) => {
    const proxied = await start(
      test,
      {
        ...LIMIT,
        descriptors: [descriptor("a", 1)],
        enable_x_ratelimit_headers: "DRAFT_VERSION_03",
        local_rate_limit_per_downstream_connection: true,
      },
      { routes: [limitedRoute([CLIENT])] },
    );
    for (let i = 0; i < 2; i++) {
      const client = await proxied.client();
      const first = await client.request({ headers: { "x-client": "a" } });
      const second = await client.request({ headers: { "x-client": "a" } });
      assert.deepEqual([first.status, first.header("x-ratelimit-limit")], [200, "1"]);
      assert.deepEqual([second.status, second.header("x-ratelimit-remaining")], [429, "0"]);
    }
  });

  it("looks at rate_limits of its stage, and of the virtual host as it is told", async (test) => {
    const of = async (fields: object, routeLimits: object[], more: object = {}): Promise<number[]> => {
      const filter = { ...LIMIT, descriptors: [descriptor("a", 1)], ...fields };
      const host = { rate_limits: [CLIENT] };
      return spend(await start(test, filter, { routes: [limitedRoute(routeLimits, more)], host }), ["a", "a"]);
    };
    const other = { actions: [{ generic_key: { descriptor_value: "x" } }] };
    assert.deepEqual(await of({}, []), [200, 429], "the virtual host's count if the route has none");
    assert.deepEqual(await of({}, [other]), [200, 200], "and not if it has");
    assert.deepEqual(await of({}, [other], { include_vh_rate_limits: true }), [200, 429]);
    assert.deepEqual(await of({ vh_rate_limits: "INCLUDE" }, [other]), [200, 429]);
    assert.deepEqual(await of({ vh_rate_limits: "IGNORE" }, []), [200, 200]);
    assert.deepEqual(await of({ stage: 1 }, [{ ...CLIENT, stage: 0 }]), [200, 200]);
    assert.deepEqual(await of({ stage: 1 }, [{ ...CLIENT, stage: 1 }]), [200, 429]);
  });

  it("takes its own rate_limits instead of those of the route", async (test) => {
    const limited = { ...LIMIT, descriptors: [descriptor("a", 1)], rate_limits: [CLIENT] };
    const other = { actions: [{ generic_key: { descriptor_value: "x" } }] };
    const proxied = await start(test, limited, { routes: [limitedRoute([other])] });
    assert.deepEqual(await spend(proxied, ["a", "a"]), [200, 429]);
  });

  it("gives each value of an entry without value a bucket, to as many as it is told to remember", async (test) => {
    const { token_bucket } = descriptor("", 2);
    const any = { entries: [{ key: "client" }], token_bucket };
    const limited = { ...LIMIT, token_bucket: undefined, descriptors: [descriptor("vip", 4), any] };
    const clock = new FakeClock();
    const options = { routes: [limitedRoute([CLIENT])], clock };
    const proxied = await start(test, { ...limited, max_dynamic_descriptors: 2 }, options);
    const spendLater = async (...clients: string[]): Promise<number[]> => {
      clock.advance(1);
      return spend(proxied, clients);
    };
    assert.deepEqual(await spendLater("a", "a", "a"), [200, 200, 429]);
    assert.deepEqual(await spendLater("b", "b", "b"), [200, 200, 429]);
    assert.deepEqual(await spendLater("vip", "vip", "vip", "vip", "vip"), [200, 200, 200, 200, 429]);
    assert.deepEqual(await spendLater("a"), [429]);
    assert.deepEqual(await spendLater("c", "c", "c"), [200, 200, 429], "takes the bucket of b");
    assert.deepEqual(await spendLater("a"), [429]);
    assert.deepEqual(await spendLater("b"), [200], "begins anew");
    const own = { ...limited, local_rate_limit_per_downstream_connection: true };
    await assert.rejects(start(test, own, options), /entries: a limit for each connection needs a value/);
    const many = { ...limited, max_dynamic_descriptors: 1001 };
    await assert.rejects(start(test, many, options), /1001 is not between 1 and 1000/);
  });

  it("shares the limit with the other proxies of its cluster", async (test) => {
    const shared = { ...LIMIT, token_bucket: { max_tokens: 7, fill_interval: "60s" }, local_cluster_rate_limit: {} };
    const clusters = [sampleCluster("proxies", [1, 2, 3].map(loopback))];
    const bootstrap = { cluster_manager: { local_cluster_name: "proxies" } };
    const proxied = await start(test, shared, { clusters, bootstrap });
    assert.deepEqual(await statuses(await proxied.client(), 3), [200, 200, 429]);
    await assert.rejects(start(test, shared), /local_cluster_rate_limit: it is not known which proxies share/);
    const own = { ...shared, local_rate_limit_per_downstream_connection: true };
    await assert.rejects(start(test, own, { clusters, bootstrap }), /for each connection is not shared/);
  });

  it("refuses a route without bucket, and a descriptor that stands twice", async (test) => {
    const routes = [routeWith("/", "local_ratelimit", "LocalRateLimit", { stat_prefix: "a" })];
    await assert.rejects(start(test, LIMIT, { routes }), /token_bucket: is required for a route/);
    const descriptors = [descriptor("a", 1), descriptor("a", 2)];
    await assert.rejects(
      start(test, { ...LIMIT, descriptors }),
      /descriptors\[1\]\.entries: the descriptor stands here twice.*descriptors\[0\]/s,
    );
  });
});
