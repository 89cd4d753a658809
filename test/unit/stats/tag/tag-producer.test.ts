import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { TagProducer } from "../../../../src/stats/tag/tag-producer.ts";

function taken(producer: TagProducer, name: string): { name: string; tags: Record<string, string> } {
  const { extractedName, tags } = producer.extract(name);
  return { name: extractedName, tags: Object.fromEntries(tags.map((tag) => [tag.name, tag.value])) };
}

describe("TagProducer with the default tags", () => {
  const producer = new TagProducer([], true);
  const rows: { name: string; extracted: string; tags: Record<string, string> }[] = [
    { name: "server.uptime", extracted: "server.uptime", tags: {} },
    {
      name: "cluster.web.upstream_cx_total",
      extracted: "cluster.upstream_cx_total",
      tags: { "envoy.cluster_name": "web" },
    },
    {
      name: "cluster.web.upstream_rq_200",
      extracted: "cluster.upstream_rq",
      tags: { "envoy.response_code": "200", "envoy.cluster_name": "web" },
    },
    {
      name: "cluster.web.external.upstream_rq_5xx",
      extracted: "cluster.external.upstream_rq_xx",
      tags: { "envoy.response_code_class": "5", "envoy.cluster_name": "web" },
    },
    {
      name: "listener.127.0.0.1_10000.downstream_cx_total",
      extracted: "listener.downstream_cx_total",
      tags: { "envoy.listener_address": "127.0.0.1_10000" },
    },
    {
      name: "listener.[__1]_80.http.ingress.downstream_rq_2xx",
      extracted: "listener.http.downstream_rq_xx",
      tags: {
        "envoy.response_code_class": "2",
        "envoy.http_conn_manager_prefix": "ingress",
        "envoy.listener_address": "[__1]_80",
      },
    },
    {
      name: "listener.0.0.0.0_80.worker_3.downstream_cx_active",
      extracted: "listener.worker_downstream_cx_active",
      tags: { "envoy.worker_id": "3", "envoy.listener_address": "0.0.0.0_80" },
    },
    {
      name: "listener.admin.http.admin.downstream_rq_4xx",
      extracted: "listener.admin.http.downstream_rq_xx",
      tags: { "envoy.response_code_class": "4", "envoy.http_conn_manager_prefix": "admin" },
    },
    {
      name: "http.ingress.user_agent.ios.downstream_cx_total",
      extracted: "http.user_agent.downstream_cx_total",
      tags: { "envoy.http_user_agent": "ios", "envoy.http_conn_manager_prefix": "ingress" },
    },
    {
      name: "http.a.rds.name.with.dots.update_success",
      extracted: "http.rds.update_success",
      tags: { "envoy.rds_route_config": "name.with.dots", "envoy.http_conn_manager_prefix": "a" },
    },
    {
      name: "vhost.v.vcluster.c.upstream_rq_503",
      extracted: "vhost.vcluster.upstream_rq",
      tags: { "envoy.response_code": "503", "envoy.virtual_cluster": "c", "envoy.virtual_host": "v" },
    },
    {
      name: "vhost.v.route.r.upstream_rq_total",
      extracted: "vhost.route.upstream_rq_total",
      tags: { "envoy.virtual_host": "v", "envoy.route": "r" },
    },
    {
      name: "cluster.c.grpc.Service.Method.success",
      extracted: "cluster.grpc.success",
      tags: { "envoy.grpc_bridge_method": "Method", "envoy.grpc_bridge_service": "Service", "envoy.cluster_name": "c" },
    },
    {
      name: "listener.0.0.0.0_443.ssl.ciphers.ECDHE-RSA-AES128-GCM-SHA256",
      extracted: "listener.ssl.ciphers",
      tags: { "envoy.ssl_cipher": "ECDHE-RSA-AES128-GCM-SHA256", "envoy.listener_address": "0.0.0.0_443" },
    },
    {
      name: "cluster.c.ssl.versions.TLSv1.3",
      extracted: "cluster.ssl.versions",
      tags: { "envoy.ssl_version": "TLSv1.3", "envoy.cluster_name": "c" },
    },
    {
      name: "edge.http_local_rate_limit.ok",
      extracted: "http_local_rate_limit.ok",
      tags: { "envoy.local_http_ratelimit_prefix": "edge" },
    },
    {
      name: "mongo.p.collection.users.callsite.f.query.total",
      extracted: "mongo.collection.callsite.query.total",
      tags: { "envoy.mongo_callsite": "f", "envoy.mongo_collection": "users", "envoy.mongo_prefix": "p" },
    },
    {
      name: "connection_limit.db.limited_connections",
      extracted: "connection_limit.limited_connections",
      tags: { "envoy.connection_limit_prefix": "db" },
    },
    { name: "db.rbac.shadow_denied", extracted: "rbac.shadow_denied", tags: { "envoy.rbac_prefix": "db" } },
    {
      name: "cluster.rbac.upstream_cx_total",
      extracted: "cluster.upstream_cx_total",
      tags: { "envoy.cluster_name": "rbac" },
    },
    {
      name: "http.in.rbac.allowed",
      extracted: "http.rbac.allowed",
      tags: { "envoy.http_conn_manager_prefix": "in" },
    },
    {
      name: "http.in.rbac.rules.denied",
      extracted: "http.rbac.denied",
      tags: { "envoy.rbac_http_prefix": "rules", "envoy.http_conn_manager_prefix": "in" },
    },
    {
      name: "http.in.rbac.policy.only.admins.allowed",
      extracted: "http.rbac.policy.allowed",
      tags: { "envoy.rbac_policy_name": "only.admins", "envoy.http_conn_manager_prefix": "in" },
    },
    {
      name: "http.in.rbac.rules.policy.admins.shadow_denied",
      extracted: "http.rbac.policy.shadow_denied",
      tags: {
        "envoy.rbac_policy_name": "admins",
        "envoy.rbac_http_prefix": "rules",
        "envoy.http_conn_manager_prefix": "in",
      },
    },
    { name: "proxy_proto.not_found_disallowed", extracted: "proxy_proto.not_found_disallowed", tags: {} },
    {
      name: "proxy_proto.edge.not_found_allowed",
      extracted: "proxy_proto.not_found_allowed",
      tags: { "envoy.proxy_protocol_prefix": "edge" },
    },
    {
      name: "proxy_proto.edge.versions.v2.error",
      extracted: "proxy_proto.error",
      tags: { "envoy.proxy_protocol_version": "2", "envoy.proxy_protocol_prefix": "edge" },
    },
    {
      name: "proxy_proto.versions.v1.found",
      extracted: "proxy_proto.found",
      tags: { "envoy.proxy_protocol_version": "1" },
    },
    {
      name: "http.a.scoped_rds.one.2.update_success",
      extracted: "http.scoped_rds.update_success",
      tags: { "envoy.scoped_rds_config": "one.2", "envoy.http_conn_manager_prefix": "a" },
    },
    { name: "http", extracted: "http", tags: {} },
    { name: "", extracted: "", tags: {} },
  ];
  for (const row of rows) {
    it(`takes apart "${row.name}"`, () => {
      assert.deepEqual(taken(producer, row.name), { name: row.extracted, tags: row.tags });
    });
  }
});

describe("TagProducer with tags of the operator's", () => {
  it("puts fixed tags on every stat, first", () => {
    const producer = new TagProducer([{ name: "zone", fixedValue: "z1" }], true);
    assert.deepEqual(producer.extract("cluster.a.x").tags, [
      { name: "zone", value: "z1" },
      { name: "envoy.cluster_name", value: "a" },
    ]);
  });

  it("cuts out the first group and takes the second as the value", () => {
    const producer = new TagProducer([{ name: "tenant", regex: "^http\\.((\\w+)_tenant\\.)" }], false);
    assert.deepEqual(taken(producer, "http.blue_tenant.rq"), { name: "http.rq", tags: { tenant: "blue" } });
    assert.deepEqual(taken(producer, "http.blue.rq"), { name: "http.blue.rq", tags: {} });
  });

  it("takes the first group as the value if there is no second", () => {
    const producer = new TagProducer([{ name: "n", regex: "_(\\d+)$" }], false);
    assert.deepEqual(taken(producer, "a_12"), { name: "a_", tags: { n: "12" } });
  });

  it("uses one of Envoy's default rules by its name", () => {
    const producer = new TagProducer([{ name: "envoy.cluster_name" }], false);
    assert.deepEqual(taken(producer, "cluster.a.upstream_rq_200"), {
      name: "cluster.upstream_rq_200",
      tags: { "envoy.cluster_name": "a" },
    });
  });

  const refused = [
    { name: "an unknown name without a regex", tag: { name: "nobody" }, message: /"nobody" has no regex/ },
    { name: "a regex without a group", tag: { name: "t", regex: "abc" }, message: /"t" has no group/ },
    { name: "a regex that RE2 doesn't know", tag: { name: "t", regex: "(?=x)(y)" }, message: /invalid/ },
  ];
  for (const { name, tag, message } of refused) {
    it(`refuses ${name}`, () => {
      assert.throws(() => new TagProducer([tag], true), message);
    });
  }
});
