import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import type { RandomSource } from "../../../../../../src/base/random.ts";
import { PreviousPriorities } from "../../../../../../src/extensions/http/router/retry/previous-priorities.ts";
import type { LbHost } from "../../../../../../src/lb/lb-host.ts";
import { priorityLoad } from "../../../../../../src/lb/priority-load.ts";
import { FakeClock } from "../../../../../harness/fake-clock.ts";
import { answering, FakeUpstream } from "../../../../../harness/fake-upstream.ts";
import { loopback, sampleCluster } from "../../../../../harness/sample-bootstrap.ts";
import { until } from "../../../../../harness/until.ts";
import { Proxied } from "../../../proxied.ts";

const TYPES = "type.googleapis.com/envoy.extensions.retry";

function predicate(name: string, type: string, settings: object = {}): object {
  const typed_config = { "@type": `${TYPES}.host.${name}.v3.${type}`, ...settings };
  return { name: `envoy.retry_host_predicates.${name}`, typed_config };
}

const PREVIOUS_HOSTS = predicate("previous_hosts", "PreviousHostsPredicate");
const OMIT_CANARIES = predicate("omit_canary_hosts", "OmitCanaryHostsPredicate");
const omitMetadata = (metadata: object): object =>
  predicate("omit_host_metadata", "OmitHostMetadataConfig", { metadata_match: { filter_metadata: metadata } });
const previousPriorities = (update_frequency: number): object => ({
  name: "envoy.retry_priorities.previous_priorities",
  typed_config: { "@type": `${TYPES}.priority.previous_priorities.v3.PreviousPrioritiesConfig`, update_frequency },
});

/** One host of a cluster: its name, priority and metadata. */
interface HostOptions {
  readonly name: string;
  readonly priority?: number;
  readonly metadata?: object;
}

/** Draws these numbers one after the other, then 1 for ever. */
function drawing(...numbers: number[]): RandomSource {
  const draw = (): number => numbers.shift() ?? 1;
  return { uint32: draw, fraction: () => draw() / 2, uuid: () => "id" };
}

/** Sends a request to a cluster whose hosts all fail; answers with the names of those that it went to, in order. */
async function tried(
  test: TestContext,
  hosts: readonly HostOptions[],
  policy: object,
  random: RandomSource,
  cluster: object = {},
  action: object = {},
): Promise<string[]> {
  const seen: string[] = [];
  const localities: object[] = [];
  for (const { name, priority = 0, metadata = {} } of hosts) {
    const fail = answering("bad", 503);
    const upstream = await FakeUpstream.start((exchange) => {
      seen.push(name);
      return fail(exchange);
    });
    test.after(() => upstream.close());
    const endpoint = { endpoint: { address: loopback(upstream.port) }, metadata: { filter_metadata: metadata } };
    localities.push({ priority, lb_endpoints: [endpoint] });
  }
  const many = sampleCluster("many", [], {
    lb_policy: "RANDOM",
    load_assignment: { cluster_name: "many", endpoints: localities },
    ...cluster,
  });
  const retry_policy = { retry_on: "5xx", ...policy };
  const routes = [{ match: { prefix: "/" }, route: { cluster: "many", retry_policy, ...action } }];
  const clock = new FakeClock();
  const proxied = await Proxied.start(test, { routes, clusters: [many], random, clock });
  void (await proxied.client()).request();
  await until("an answer", () => {
    if (proxied.stat("cluster.many.upstream_rq_active") === 0 && seen.length > 0) clock.advance(10);
    return proxied.path.logged.length === 1;
  });
  return seen;
}

describe("Router: the host of a retry", () => {
  // The hosts of one priority; the first draw is the first attempt's, which takes what it gets.
  const rows: readonly {
    name: string;
    predicates: readonly object[];
    attempts?: number;
    metadata?: object;
    went: string[];
  }[] = [
    { name: "is any host, if the policy says nothing", predicates: [], went: ["a", "a"] },
    { name: "is one that was not tried yet, with previous_hosts", predicates: [PREVIOUS_HOSTS], went: ["a", "b"] },
    {
      name: "is one that was tried, when host_selection_retry_max_attempts have brought no other",
      predicates: [PREVIOUS_HOSTS],
      attempts: 1,
      went: ["a", "a"],
    },
    {
      name: "is no canary, with omit_canary_hosts",
      predicates: [OMIT_CANARIES],
      metadata: { "envoy.lb": { canary: true } },
      went: ["a", "b"],
    },
    { name: "is any host that is no canary, with omit_canary_hosts", predicates: [OMIT_CANARIES], went: ["a", "a"] },
    {
      name: "has other metadata than omit_host_metadata says",
      predicates: [omitMetadata({ "envoy.lb": { stage: "old", tier: 2 } })],
      metadata: { "envoy.lb": { stage: ["older", "old"], tier: 2, more: true } },
      went: ["a", "b"],
    },
    {
      name: "is any host that has not all that omit_host_metadata says",
      predicates: [omitMetadata({ "envoy.lb": { stage: "old", tier: 2 } })],
      metadata: { "envoy.lb": { stage: "old" } },
      went: ["a", "a"],
    },
    {
      name: "is any host, if omit_host_metadata says nothing of envoy.lb",
      predicates: [omitMetadata({ other: { stage: "old" } })],
      metadata: { other: { stage: "old" } },
      went: ["a", "a"],
    },
    {
      name: "is what all predicates let pass",
      predicates: [omitMetadata({ "envoy.lb": { stage: "new" } }), OMIT_CANARIES],
      metadata: { "envoy.lb": { canary: true } },
      went: ["a", "b"],
    },
  ];
  for (const { name, predicates, attempts = 5, metadata = {}, went } of rows) {
    it(name, async (test) => {
      const policy = { retry_host_predicate: predicates, host_selection_retry_max_attempts: attempts };
      const hosts = [{ name: "a", metadata }, { name: "b" }];
      assert.deepEqual(await tried(test, hosts, policy, drawing(0, 0, 0, 0, 0, 0)), went);
    });
  }

  it("is chosen so beside a hash policy", async (test) => {
    const policy = { retry_host_predicate: [PREVIOUS_HOSTS], host_selection_retry_max_attempts: 20 };
    const action = { hash_policy: [{ header: { header_name: "host" } }] };
    const hosts = [{ name: "a" }, { name: "b" }];
    const went = await tried(test, hosts, policy, drawing(), { lb_policy: "RING_HASH" }, action);
    assert.deepEqual(went.sort(), ["a", "b"]);
  });

  it("is chosen so among the hosts that the route's metadata_match asks for", async (test) => {
    const policy = { retry_host_predicate: [PREVIOUS_HOSTS], host_selection_retry_max_attempts: 5 };
    const metadata = { "envoy.lb": { stage: "prod" } };
    const hosts = [{ name: "a", metadata }, { name: "b" }, { name: "c", metadata }];
    const subsets = { lb_subset_config: { subset_selectors: [{ keys: ["stage"] }] } };
    const action = { metadata_match: { filter_metadata: metadata } };
    const went = await tried(test, hosts, policy, drawing(0, 0, 0), subsets, action);
    assert.deepEqual(went, ["a", "c"]);
  });
});

describe("Router: the priority of a retry", () => {
  const HOSTS = [{ name: "a" }, { name: "b", priority: 1 }, { name: "c", priority: 2 }];

  it("is the same, if the policy says nothing", async (test) => {
    assert.deepEqual(await tried(test, HOSTS, {}, drawing(0, 0, 0)), ["a", "a"]);
  });

  it("is the next one each time, with previous_priorities, and the first again after the last", async (test) => {
    const policy = { num_retries: 4, retry_priority: previousPriorities(1) };
    assert.deepEqual(await tried(test, HOSTS, policy, drawing()), ["a", "b", "c", "a", "b"]);
  });

  it("changes with every second attempt, if update_frequency says so", async (test) => {
    const policy = { num_retries: 4, retry_priority: previousPriorities(2) };
    assert.deepEqual(await tried(test, HOSTS, policy, drawing()), ["a", "a", "b", "b", "c"]);
  });

  it("spreads over what is left by what that can bear", () => {
    const levels = [
      { total: 10, healthy: 10, degraded: 0 },
      { total: 10, healthy: 4, degraded: 0 },
      { total: 10, healthy: 2, degraded: 2 },
    ];
    const load = priorityLoad(levels, { panicThresholdPercent: 0, overprovisioningFactorPercent: 140 });
    assert.deepEqual(load.healthyPercent, [100, 0, 0]);
    const priorities = new PreviousPriorities(1);
    assert.equal(priorities.adjust(load), load);
    priorities.add({ priority: 0 } as LbHost);
    const { healthyPercent, degradedPercent } = priorities.adjust(load);
    assert.deepEqual(healthyPercent, [0, 56, 28]);
    assert.deepEqual(degradedPercent, [0, 0, 16]);
  });
});

describe("A retry policy", () => {
  const rows: readonly [name: string, policy: object, problem: RegExp][] = [
    ["an unknown predicate", { retry_host_predicate: [{ name: "envoy.other" }] }, /retry_host_predicate\[0\]/],
    ["an unknown priority", { retry_priority: { name: "envoy.other" } }, /retry_priority/],
    ["an update_frequency of 0", { retry_priority: previousPriorities(0) }, /update_frequency/],
    ["options predicates", { retry_options_predicates: [{ name: "x" }] }, /retry_options_predicates/],
  ];
  for (const [name, policy, problem] of rows) {
    it(`with ${name} is refused`, async (test) => {
      await assert.rejects(tried(test, [], policy, drawing()), problem);
    });
  }
});
