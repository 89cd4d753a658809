import assert from "node:assert/strict";
import { once } from "node:events";
import { Agent, get, type IncomingMessage } from "node:http";
import { describe, it, type TestContext } from "node:test";
import { echoedPeers } from "../harness/echoed-peers.ts";
import { answerRoute, loopback, sampleBootstrap, sampleCluster } from "../harness/sample-bootstrap.ts";
import type { RunningProxy } from "../harness/start-proxy.ts";
import { startTestProxy } from "../harness/test-proxy.ts";
import { until } from "../harness/until.ts";

/** Three workers with these network filters before an echo. */
function config(...filters: readonly object[]): object {
  const echo = {
    name: "envoy.filters.network.echo",
    typed_config: { "@type": "type.googleapis.com/envoy.extensions.filters.network.echo.v3.Echo" },
  };
  const listener = {
    name: "tcp",
    address: loopback(0),
    filter_chains: [{ filters: [...filters, echo] }],
    connection_balance_config: { exact_balance: {} },
  };
  return { static_resources: { listeners: [listener] } };
}

function connectionLimit(maxConnections: number): object {
  return {
    name: "envoy.filters.network.connection_limit",
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.filters.network.connection_limit.v3.ConnectionLimit",
      stat_prefix: "all",
      max_connections: maxConnections,
    },
  };
}

function rateLimit(maxTokens: number): object {
  return {
    name: "envoy.filters.network.local_ratelimit",
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.filters.network.local_ratelimit.v3.LocalRateLimit",
      stat_prefix: "all",
      token_bucket: { max_tokens: maxTokens, fill_interval: "3600s" },
    },
  };
}

/** Routes that answer, each with a limit that is counted under its name. */
function limitedRoutes(...names: readonly string[]): object {
  const everyone = { default_value: { numerator: 100 } };
  const package_ = "type.googleapis.com/envoy.extensions.filters.http";
  const routes = names.map((name) => ({
    ...answerRoute(name, `/${name}`),
    typed_per_filter_config: {
      limit: {
        "@type": `${package_}.local_ratelimit.v3.LocalRateLimit`,
        stat_prefix: name,
        token_bucket: { max_tokens: 1000, fill_interval: "3600s" },
        filter_enabled: everyone,
        filter_enforced: everyone,
      },
    },
  }));
  const http_filters = [
    {
      name: "limit",
      typed_config: { "@type": `${package_}.local_ratelimit.v3.LocalRateLimit`, stat_prefix: "filter" },
    },
    { name: "router", typed_config: { "@type": `${package_}.router.v3.Router` } },
  ];
  return sampleBootstrap({ listeners: [{ routes, manager: { http_filters } }] });
}

async function start(test: TestContext, proxyConfig: object): Promise<RunningProxy> {
  return startTestProxy(test, { config: proxyConfig, concurrency: 3 });
}

describe("Limits that workers share", () => {
  it("count connections exactly over all workers, also over a reload", async (t) => {
    const proxy = await start(t, config(connectionLimit(7)));
    const first = await echoedPeers(t, proxy.port(), 30);
    assert.equal(first.length, 7);
    for (const client of first.slice(0, 4)) client.end();
    await proxy.until("four less", async () => {
      const stats = await proxy.stats("connection_limit");
      return stats.get("connection_limit.all.active_connections") === 3;
    });
    assert.equal((await echoedPeers(t, proxy.port(), 20)).length, 4);

    assert.equal((await proxy.reload(config(connectionLimit(9)))).status, 200);
    assert.equal((await echoedPeers(t, proxy.port(), 20)).length, 2);
  });

  it("get back what a worker held that has died", async (t) => {
    const proxy = await start(t, config(connectionLimit(6)));
    const clients = await echoedPeers(t, proxy.port(), 6);
    assert.equal((await proxy.post("/actors/worker-1/crash")).status, 200);
    await until("its connections' end", () => clients.filter(({ ended, closed }) => ended || closed).length === 2);
    await proxy.until("the new worker", async () => {
      const { body } = await proxy.admin("/workers?format=json");
      return JSON.parse(body).workers[0].restarts === 1;
    });
    const again = await echoedPeers(t, proxy.port(), 10);
    assert.equal(again.length, 2);
  });

  it("give out each token once over all workers", async (t) => {
    const proxy = await start(t, config(rateLimit(10)));
    assert.equal((await echoedPeers(t, proxy.port(), 40)).length, 10);
    await proxy.until("its count", async () => {
      const stats = await proxy.stats("local_rate_limit");
      return stats.get("local_rate_limit.all.rate_limited") === 30;
    });
  });

  it("for each client hold over all workers", async (t) => {
    const everyone = { default_value: { numerator: 100 } };
    const package_ = "type.googleapis.com/envoy.extensions.filters.http";
    const limit = {
      "@type": `${package_}.local_ratelimit.v3.LocalRateLimit`,
      stat_prefix: "clients",
      filter_enabled: everyone,
      filter_enforced: everyone,
      rate_limits: [{ actions: [{ request_headers: { header_name: "x-client", descriptor_key: "client" } }] }],
      descriptors: [{ entries: [{ key: "client" }], token_bucket: { max_tokens: 7, fill_interval: "3600s" } }],
    };
    const http_filters = [
      { name: "limit", typed_config: limit },
      { name: "router", typed_config: { "@type": `${package_}.router.v3.Router` } },
    ];
    // Nobody is there: what passes the limit gets 503.
    const listeners = [{ manager: { http_filters }, more: { connection_balance_config: { exact_balance: {} } } }];
    const proxy = await start(t, sampleBootstrap({ listeners, clusters: [sampleCluster("app", [loopback(1)])] }));
    const statuses = async (client: string): Promise<number[]> => {
      const ask = async (): Promise<number> => {
        const agent = new Agent({ keepAlive: false });
        const request = get({ port: proxy.port(), host: "127.0.0.1", agent, headers: { "x-client": client } });
        const [response] = (await once(request, "response")) as [IncomingMessage];
        response.resume();
        return response.statusCode ?? 0;
      };
      return (await Promise.all(Array.from({ length: 30 }, ask))).sort();
    };
    const expected = [...Array<number>(23).fill(429), ...Array<number>(7).fill(503)];
    assert.deepEqual(await statuses("ann"), expected);
    assert.deepEqual(await statuses("bob"), expected);
  });

  it("of routes are counted until a reload takes the routes away", async (t) => {
    const proxy = await start(t, limitedRoutes("stays", "goes"));
    const ask = async (path: string): Promise<void> => {
      assert.equal((await fetch(`http://127.0.0.1:${proxy.port()}/${path}`)).status, 200);
    };
    for (const path of ["stays", "goes"]) await ask(path);
    const counts = async (): Promise<Record<string, number>> =>
      Object.fromEntries(await proxy.stats("http_local_rate_limit.ok"));
    const both = { "filter.http_local_rate_limit.ok": 0, "goes.http_local_rate_limit.ok": 1 };
    await proxy.until("the counts", async () => {
      const seen = await counts();
      return seen["stays.http_local_rate_limit.ok"] === 1 && Object.keys(both).every((name) => name in seen);
    });

    assert.equal((await proxy.reload(limitedRoutes("stays"))).status, 200);
    await ask("stays");
    await proxy.until("what is left", async () => (await counts())["stays.http_local_rate_limit.ok"] === 2);
    await proxy.until("the name to go", async () => !("goes.http_local_rate_limit.ok" in (await counts())));
  });
});
