import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { requestOnce } from "../harness/http1-client.ts";
import { answerRoute, sampleBootstrap } from "../harness/sample-bootstrap.ts";
import { type RunningProxy, startProxy } from "../harness/start-proxy.ts";

const REQUESTS = 40;
const NAME = "http.shop_blue.downstream_rq_time";

describe("The pages of stats, with stats_config and several workers", () => {
  let proxy: RunningProxy;

  before(async () => {
    const stats_config = {
      stats_tags: [
        { tag_name: "colour", regex: "^http\\.(shop_(\\w+)\\.)" },
        { tag_name: "region", fixed_value: "eu" },
      ],
      use_all_default_tags: true,
      stats_matcher: { exclusion_list: { patterns: [{ prefix: "listener." }] } },
      histogram_bucket_settings: [{ match: { suffix: "downstream_rq_time" }, buckets: [60_000, 120_000] }],
    };
    const listeners = [{ routes: [answerRoute("hi")], manager: { stat_prefix: "shop_blue" } }];
    const config = sampleBootstrap({ listeners, more: { stats_config, stats_flush_interval: "0.2s" } });
    proxy = await startProxy({ config, concurrency: 2 });
    await Promise.all(Array.from({ length: REQUESTS }, () => requestOnce(proxy.port())));
    // Values of histograms come with the reports of the workers.
    await proxy.until("all values", async () =>
      (await page(`/stats?histogram_buckets=cumulative`)).includes(`,${REQUESTS}) `),
    );
  });

  after(() => proxy?.kill());

  const page = async (target: string): Promise<string> => (await proxy.admin(target)).body;

  it("count exactly over the workers, in the buckets that are configured", async () => {
    const line = (await page(`/stats?histogram_buckets=cumulative&filter=^${NAME}$`)).trim();
    assert.match(line, new RegExp(`^${NAME}: B60000\\(\\d+,${REQUESTS}\\) B120000\\(\\d+,${REQUESTS}\\)$`));
    const { stats } = JSON.parse(await page(`/stats?format=json&histogram_buckets=disjoint&filter=^${NAME}$`));
    const [{ name, buckets }] = stats[0].histograms;
    const counts = buckets.map((bucket: { upper_bound: number; cumulative: number }) => [
      bucket.upper_bound,
      bucket.cumulative,
    ]);
    assert.deepEqual(
      [name, counts],
      [
        NAME,
        [
          [60_000, REQUESTS],
          [120_000, 0],
        ],
      ],
    );
  });

  it("show quantiles, and the values themselves", async () => {
    const { stats } = JSON.parse(await page(`/stats?format=json&filter=^${NAME}$`));
    const { supported_quantiles: quantiles, computed_quantiles: computed } = stats[0].histograms;
    assert.deepEqual(quantiles, [0, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 100]);
    assert.equal(computed[0].values.length, quantiles.length);
    const detailed = JSON.parse(await page(`/stats?format=json&histogram_buckets=detailed&filter=^${NAME}$`));
    const [{ totals }] = detailed.stats[0].histograms.details;
    const sum = totals.reduce((total: number, { count }: { count: number }) => total + count, 0);
    assert.equal(sum, REQUESTS);
  });

  it("give Prometheus labels by tags of one's own, fixed tags and default tags", async () => {
    const text = await page("/stats/prometheus");
    const own = 'envoy_http_conn_manager_prefix="shop_blue",colour="blue"';
    const labels = `\\{region="eu",envoy_response_code_class="2",${own}\\}`;
    assert.match(text, new RegExp(`^envoy_http_downstream_rq_xx${labels} ${REQUESTS}$`, "m"));
    const bucket = `envoy_http_downstream_rq_time_bucket\\{region="eu",${own},le="60000"\\}`;
    assert.match(text, new RegExp(`^${bucket} ${REQUESTS}$`, "m"));
    assert.match(text, new RegExp(`^envoy_http_downstream_rq_time_count\\{.*\\} ${REQUESTS}$`, "m"));
    const summary = await page("/stats/prometheus?histogram_buckets=summary");
    assert.match(summary, /^# TYPE envoy_http_downstream_rq_time summary$/m);
    assert.match(summary, /^envoy_http_downstream_rq_time\{.*quantile="0\.5"\} /m);
  });

  it("leave out what the matcher excludes, what was not used and what is not asked for", async () => {
    const all = await page("/stats");
    assert.match(all, /^http\.shop_blue\.downstream_rq_total: \d+$/m);
    assert.doesNotMatch(all, /^listener\./m);
    assert.match(all, /^http\.shop_blue\.downstream_rq_5xx: 0$/m);
    assert.doesNotMatch(await page("/stats?usedonly"), /downstream_rq_5xx/);
    const gauges = await page("/stats?type=Gauges&filter=shop_blue");
    assert.match(gauges, /downstream_cx_active/);
    assert.doesNotMatch(gauges, /downstream_rq_total/);
  });
});
