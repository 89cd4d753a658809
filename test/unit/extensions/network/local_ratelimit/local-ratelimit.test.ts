import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { FakeClock } from "../../../../harness/fake-clock.ts";
import { networkFilter, TcpPath, tcpConfig } from "../tcp-path.ts";

const BUCKET = { max_tokens: 2, tokens_per_fill: 1, fill_interval: "1s" };

function start(test: TestContext, fields: object, clock = new FakeClock()): Promise<TcpPath> {
  const limit = networkFilter("local_ratelimit", "LocalRateLimit", { stat_prefix: "db", ...fields });
  return TcpPath.start(test, tcpConfig([limit, networkFilter("echo", "Echo")]), { clock });
}

async function passes(tcp: TcpPath): Promise<boolean> {
  const client = await tcp.client();
  client.write("a");
  client.end();
  await client.untilClosed();
  return client.text === "a";
}

describe("envoy.filters.network.local_ratelimit", () => {
  it("lets a connection through for each token, and closes the others at once", async (t) => {
    const clock = new FakeClock();
    const tcp = await start(t, { token_bucket: BUCKET }, clock);
    clock.advance(10);
    assert.deepEqual([await passes(tcp), await passes(tcp), await passes(tcp)], [true, true, false]);
    assert.equal(tcp.stat("local_rate_limit.db.rate_limited"), 1);
    clock.advance(1000);
    assert.deepEqual([await passes(tcp), await passes(tcp)], [true, false]);
    assert.equal(tcp.stat("local_rate_limit.db.rate_limited"), 2);
  });

  it("lets everything through when it is switched off", async (t) => {
    const runtime_enabled = { default_value: false, runtime_key: "k" };
    const tcp = await start(t, { token_bucket: { ...BUCKET, max_tokens: 1 }, runtime_enabled });
    assert.deepEqual([await passes(tcp), await passes(tcp)], [true, true]);
  });

  it("refuses buckets that fill too often, and shared ones by name", async (t) => {
    const quick = { ...BUCKET, fill_interval: "0.049s" };
    await assert.rejects(start(t, { token_bucket: quick }), /fill_interval: is shorter than 50 ms/);
    await assert.rejects(start(t, { token_bucket: BUCKET, share_key: "k" }), /share_key.*not supported yet/s);
  });
});
