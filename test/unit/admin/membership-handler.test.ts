import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { askAdmin } from "../../harness/ask-admin.ts";
import { SampleProxy } from "../../harness/sample-admin-views.ts";

describe("/membership", () => {
  const cluster = {
    cluster: "app",
    state: "warming",
    version: 3,
    hosts: 2,
    flaggedHosts: [{ address: "10.0.0.1:80", flags: ["failed_active_hc", "active_hc_timeout"] }],
    discovery: { names: [{ name: "app.test" }] },
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
        "CLUSTER  HOST         HEALTH",
        "app      10.0.0.1:80  failed_active_hc active_hc_timeout",
        "",
      ].join("\n"),
    );
  });

  it("prints the same as JSON", async () => {
    const proxy = new SampleProxy();
    proxy.discovered = [cluster];
    const { flaggedHosts, ...others } = cluster;
    assert.deepEqual((await askAdmin(proxy, "/membership?format=json")).json(), {
      clusters: [{ ...others, flagged_hosts: flaggedHosts }],
    });
  });
});
