import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { askAdmin } from "../../../harness/ask-admin.ts";
import { SampleProxy, sampleCluster, sampleHost } from "../../../harness/sample-admin-views.ts";

describe("/clusters", () => {
  it("prints Envoy's lines", async () => {
    const { body } = await askAdmin(new SampleProxy(), "/clusters");
    assert.equal(
      body,
      `web::observability_name::web
web::default_priority::max_connections::1024
web::default_priority::max_pending_requests::1024
web::default_priority::max_requests::1024
web::default_priority::max_retries::3
web::high_priority::max_connections::1024
web::high_priority::max_pending_requests::1024
web::high_priority::max_requests::1024
web::high_priority::max_retries::3
web::added_via_api::false
web::10.0.0.1:80::cx_active::1
web::10.0.0.1:80::cx_connect_fail::0
web::10.0.0.1:80::cx_total::2
web::10.0.0.1:80::rq_active::0
web::10.0.0.1:80::rq_error::1
web::10.0.0.1:80::rq_success::3
web::10.0.0.1:80::rq_timeout::0
web::10.0.0.1:80::rq_total::4
web::10.0.0.1:80::hostname::
web::10.0.0.1:80::health_flags::healthy
web::10.0.0.1:80::weight::1
web::10.0.0.1:80::region::
web::10.0.0.1:80::zone::
web::10.0.0.1:80::sub_zone::
web::10.0.0.1:80::canary::false
web::10.0.0.1:80::priority::0
web::10.0.0.1:80::success_rate::-1
web::10.0.0.1:80::local_origin_success_rate::-1
`,
    );
  });

  it("prints outlier averages, EDS names and health flags where there are any", async () => {
    const proxy = new SampleProxy();
    proxy.clusters = [
      sampleCluster({
        edsServiceName: "eds",
        addedViaApi: true,
        outlier: {
          successRateAverage: 99.5,
          successRateEjectionThreshold: -1,
          localOriginSuccessRateAverage: -1,
          localOriginSuccessRateEjectionThreshold: -1,
        },
        hosts: [sampleHost({ healthFlags: ["failed_active_hc", "failed_outlier_check"] })],
      }),
    ];
    const { body } = await askAdmin(proxy, "/clusters");
    assert.match(body, /^web::outlier::success_rate_average::99.5$/m);
    assert.match(body, /^web::outlier::success_rate_ejection_threshold::-1$/m);
    assert.match(body, /^web::added_via_api::true\nweb::eds_service_name::eds$/m);
    assert.match(body, /::health_flags::\/failed_active_hc\/failed_outlier_check$/m);
  });

  it("answers in the JSON of envoy.admin.v3.Clusters", async () => {
    const proxy = new SampleProxy();
    proxy.clusters = [
      sampleCluster({
        hosts: [
          sampleHost({
            address: { type: "pipe", path: "/run/x.sock", mode: 0 },
            hostname: "h",
            healthFlags: ["failed_active_hc", "degraded_eds_health"],
            locality: { region: "r", zone: "z", subZone: "" },
            successRate: 50,
          }),
        ],
      }),
    ];
    const limits = { max_connections: 1024, max_pending_requests: 1024, max_requests: 1024, max_retries: 3 };
    assert.deepEqual((await askAdmin(proxy, "/clusters?format=json")).json(), {
      cluster_statuses: [
        {
          name: "web",
          host_statuses: [
            {
              address: { pipe: { path: "/run/x.sock" } },
              stats: [
                { name: "cx_connect_fail" },
                { name: "cx_total", value: "2" },
                { name: "rq_error", value: "1" },
                { name: "rq_success", value: "3" },
                { name: "rq_timeout" },
                { name: "rq_total", value: "4" },
                { type: "GAUGE", name: "cx_active", value: "1" },
                { type: "GAUGE", name: "rq_active" },
              ],
              health_status: { failed_active_health_check: true, eds_health_status: "DEGRADED" },
              success_rate: { value: 50 },
              weight: 1,
              hostname: "h",
              locality: { region: "r", zone: "z" },
            },
          ],
          circuit_breakers: { thresholds: [limits, { priority: "HIGH", ...limits }] },
          observability_name: "web",
        },
      ],
    });
  });

  it("is valid JSON with no cluster and with several", async () => {
    const proxy = new SampleProxy();
    proxy.clusters = [];
    assert.deepEqual((await askAdmin(proxy, "/clusters?format=json")).json(), {});
    proxy.clusters = [sampleCluster({ name: "a" }), sampleCluster({ name: "b" })];
    const { cluster_statuses } = (await askAdmin(proxy, "/clusters?format=json")).json() as { cluster_statuses: [] };
    assert.equal(cluster_statuses.length, 2);
  });

  it("lets no name forge a line", async () => {
    const proxy = new SampleProxy();
    proxy.clusters = [sampleCluster({ name: "a\nb::added_via_api::true", hosts: [] })];
    const { body } = await askAdmin(proxy, "/clusters");
    assert.doesNotMatch(body, /^b::/m);
  });
});

describe("/listeners", () => {
  it("prints names and addresses", async () => {
    const { body } = await askAdmin(new SampleProxy(), "/listeners");
    assert.equal(body, "ingress::127.0.0.1:10000\nside::/run/t.sock\n");
  });

  it("answers in JSON", async () => {
    assert.deepEqual((await askAdmin(new SampleProxy(), "/listeners?format=json")).json(), {
      listener_statuses: [
        { name: "ingress", local_address: { socket_address: { address: "127.0.0.1", port_value: 10000 } } },
        { name: "side", local_address: { pipe: { path: "/run/t.sock" } } },
      ],
    });
  });
});
