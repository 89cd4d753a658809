import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FakeClock } from "../../../../harness/fake-clock.ts";
import { answering, echoing, hanging } from "../../../../harness/fake-upstream.ts";
import { until } from "../../../../harness/until.ts";
import { Proxied } from "../../proxied.ts";

const SIZES = { track_cluster_stats: { request_response_sizes: true } };
const BUDGETS = { track_cluster_stats: { timeout_budgets: true } };
const NAMES = [
  "rq_headers_size",
  "rq_headers_count",
  "rq_body_size",
  "rs_headers_size",
  "rs_headers_count",
  "rs_body_size",
];

function samples(proxied: Proxied, name: string): readonly number[] {
  return proxied.path.stats.samples(`cluster.app.upstream_${name}`);
}

/** Bytes and number of the headers in a head as the upstream has got it, as Envoy counts: pseudo-headers, too. */
function headersOf(received: string): [bytes: number, count: number] {
  const [requestLine, ...lines] = received.slice(0, received.indexOf("\r\n\r\n")).split("\r\n");
  const [method, path] = requestLine!.split(" ");
  const fields: [string, string][] = [
    [":method", method!],
    [":path", path!],
    [":scheme", "http"],
    ...lines.map((line): [string, string] => {
      const [name, value] = line.split(": ");
      return [name === "host" ? ":authority" : name!, value!];
    }),
  ];
  return [fields.flat().join("").length, fields.length];
}

describe("track_cluster_stats", () => {
  it("has no histograms where it is off", async (test) => {
    const proxied = await Proxied.start(test, { script: answering() });
    await (await proxied.client()).request();
    for (const name of [...NAMES, "rq_timeout_budget_percent_used", "rq_timeout_budget_per_try_percent_used"]) {
      assert.equal(proxied.path.stats.has(`cluster.app.upstream_${name}`), false, name);
    }
  });

  it("records sizes of requests and responses", async (test) => {
    const proxied = await Proxied.start(test, { cluster: SIZES, script: echoing });
    await (await proxied.client()).request({ method: "POST", body: "x".repeat(300), headers: { "x-a": "b" } });
    await proxied.logged();
    const [bytes, count] = headersOf(proxied.upstream.received);
    // `:status: 200` and `content-length: 300`.
    assert.deepEqual(
      NAMES.map((name) => samples(proxied, name)),
      [[bytes], [count], [300], [10 + 17], [2], [300]],
    );
  });

  it("records sizes of each attempt by itself", async (test) => {
    let turn = 0;
    const proxied = await Proxied.start(test, {
      cluster: SIZES,
      routes: [
        {
          match: { prefix: "/" },
          route: { cluster: "app", retry_policy: { retry_on: "5xx", retry_back_off: { base_interval: "0.001s" } } },
        },
      ],
      script: async (exchange) => {
        await exchange.request();
        exchange.respond(turn++ === 0 ? { status: 503, body: "no" } : { body: "fine" });
      },
    });
    assert.equal((await (await proxied.client()).request({ method: "POST", body: "12345" })).body, "fine");
    await proxied.logged();
    assert.deepEqual(samples(proxied, "rq_body_size"), [5, 5]);
    assert.equal(samples(proxied, "rs_headers_size").length, 2);
    assert.equal(samples(proxied, "rs_body_size").at(-1), 4);
  });

  it("records no response of an attempt without one", async (test) => {
    const proxied = await Proxied.start(test, { cluster: SIZES, script: (exchange) => exchange.reset() });
    assert.equal((await (await proxied.client()).request()).status, 503);
    assert.deepEqual(samples(proxied, "rq_body_size").at(-1), 0);
    assert.deepEqual(samples(proxied, "rs_headers_size"), []);
  });

  it("records how much of its time a request has taken", async (test) => {
    const clock = new FakeClock();
    const routes = [{ match: { prefix: "/" }, route: { cluster: "app", timeout: "2s" } }];
    const proxied = await Proxied.start(test, { cluster: BUDGETS, routes, clock });
    const answer = (await proxied.client()).request();
    const exchange = await proxied.upstream.nextRequest();
    clock.advance(500);
    exchange.respond({ body: "ok" });
    assert.equal((await answer).status, 200);
    assert.deepEqual(samples(proxied, "rq_timeout_budget_percent_used"), [25]);
    assert.deepEqual(samples(proxied, "rq_timeout_budget_per_try_percent_used"), [0], "there is no such limit");
  });

  it("records timeouts, of the request and of an attempt", async (test) => {
    const clock = new FakeClock();
    const retry_policy = { per_try_timeout: "0.1s", num_retries: 0, retry_on: "5xx" };
    const routes = [{ match: { prefix: "/" }, route: { cluster: "app", timeout: "1s", retry_policy } }];
    const proxied = await Proxied.start(test, {
      cluster: { track_timeout_budgets: true },
      routes,
      clock,
      script: hanging,
    });
    const answer = (await proxied.client()).request();
    await until("the request", () => proxied.upstream.requestCount === 1);
    clock.advance(100);
    assert.equal((await answer).status, 504);
    assert.deepEqual(samples(proxied, "rq_timeout_budget_per_try_percent_used"), [100]);
    assert.deepEqual(samples(proxied, "rq_timeout_budget_percent_used"), [10]);
  });
});
