import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { askAdmin } from "../../../harness/ask-admin.ts";
import { SampleProxy } from "../../../harness/sample-admin-views.ts";

describe("/membership", () => {
  const cluster = {
    cluster: "app",
    state: "warming",
    phase: "primary",
    awaits: "hosts",
    version: 3,
    hosts: 2,
    flaggedHosts: [
      { address: "10.0.0.1:80", flags: ["failed_active_hc"], why: "it answered 503\n", failingForMs: 8400.4 },
      { address: "10.0.0.2:80", flags: ["failed_outlier_check", "degraded_active_hc"] },
    ],
    outlier: null,
    discovery: { names: [{ name: "app.test" }] },
  } as const;
  const outlier = {
    successRateAverage: 99.5,
    successRateEjectionThreshold: 97.25,
    localOriginSuccessRateAverage: -1,
    localOriginSuccessRateEjectionThreshold: -1,
    ejections: [{ address: "10.0.0.2:80", reason: "CONSECUTIVE_5XX", sinceMs: 12_300, endsInMs: 17_700, times: 1 }],
    successRates: [["10.0.0.1:80", 99.5, -1]],
  } as const;

  it("says so if no cluster has discovery", async () => {
    assert.equal((await askAdmin(new SampleProxy(), "/membership")).body, "no cluster has discovery\n");
  });

  it("prints clusters, how they get their hosts, and hosts with health flags", async () => {
    const proxy = new SampleProxy();
    proxy.discovered = [cluster];
    assert.equal(
      (await askAdmin(proxy, "/membership")).body,
      [
        "CLUSTER  STATE    VERSION  HOSTS  DISCOVERY",
        'app      warming  3        2      {"names":[{"name":"app.test"}]}',
        "",
        "CLUSTER  HOST         HEALTH                                   FAILING FOR  WHY",
        "app      10.0.0.1:80  failed_active_hc                         8s           it answered 503?",
        "app      10.0.0.2:80  failed_outlier_check degraded_active_hc  -            -",
        "",
      ].join("\n"),
    );
  });

  it("prints the hosts that outlier detection has ejected, and why", async () => {
    const proxy = new SampleProxy();
    proxy.discovered = [{ ...cluster, flaggedHosts: [], outlier }];
    assert.equal(
      (await askAdmin(proxy, "/membership")).body,
      [
        "CLUSTER  STATE    VERSION  HOSTS  DISCOVERY",
        'app      warming  3        2      {"names":[{"name":"app.test"}]}',
        "",
        "CLUSTER  EJECTED HOST  REASON           SINCE    ENDS IN  TIMES",
        "app      10.0.0.2:80   CONSECUTIVE_5XX  12s ago  18s      1",
        "",
      ].join("\n"),
    );
    const ejection = {
      address: "10.0.0.2:80",
      reason: "CONSECUTIVE_5XX",
      since_ms: 12_300,
      ends_in_ms: 17_700,
      times: 1,
    };
    const { clusters } = (await askAdmin(proxy, "/membership?format=json")).json() as {
      clusters: { outlier: unknown }[];
    };
    assert.deepEqual(clusters[0]?.outlier, {
      success_rate_average: 99.5,
      success_rate_ejection_threshold: 97.25,
      local_origin_success_rate_average: -1,
      local_origin_success_rate_ejection_threshold: -1,
      ejections: [ejection],
    });
  });

  it("prints the same as JSON", async () => {
    const proxy = new SampleProxy();
    proxy.discovered = [cluster];
    const { flaggedHosts, outlier: _, ...others } = cluster;
    const [{ failingForMs: __, ...failing }, ejected] = flaggedHosts;
    assert.deepEqual((await askAdmin(proxy, "/membership?format=json")).json(), {
      clusters: [{ ...others, flagged_hosts: [{ ...failing, failing_for_ms: 8400 }, ejected] }],
    });
  });
});
