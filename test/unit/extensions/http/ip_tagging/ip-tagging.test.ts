import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { clusterRoute } from "../../../../harness/sample-bootstrap.ts";
import { filtered } from "../filtered.ts";

const TAGS = {
  ip_tags: [
    { ip_tag_name: "near", ip_list: [{ address_prefix: "127.0.0.0", prefix_len: 8 }] },
    { ip_tag_name: "exact", ip_list: [{ address_prefix: "127.0.0.1", prefix_len: 32 }] },
    { ip_tag_name: "far", ip_list: [{ address_prefix: "203.0.113.0", prefix_len: 24 }] },
  ],
};
const script = (exchange: { header(name: string): string | undefined; respond(response: object): void }) =>
  exchange.respond({ body: exchange.header("x-envoy-ip-tags") ?? "none" });

describe("The ip_tagging filter", () => {
  it("adds all tags of the client's address, which routes can match on", async (test) => {
    const near = {
      match: { prefix: "/", headers: [{ name: "x-envoy-ip-tags", string_match: { contains: "near" } }] },
      route: { cluster: "app", prefix_rewrite: "/near" },
    };
    const routes = [near, clusterRoute("nowhere")];
    const proxied = await filtered(test, "ip_tagging", "IPTagging", TAGS, {
      routes,
      script,
      routeConfig: { validate_clusters: false },
    });
    const response = await (await proxied.client()).request();
    assert.deepEqual([response.status, response.body], [200, "near,exact"]);
    const of = (name: string): number => proxied.stat(`http.ingress.ip_tagging.${name}`);
    assert.deepEqual([of("near.hit"), of("exact.hit"), of("far.hit"), of("no_hit"), of("total")], [1, 1, 0, 0, 1]);
  });

  it("believes the address that x-forwarded-for gives, if the proxy does", async (test) => {
    const manager = { use_remote_address: true, xff_num_trusted_hops: 1 };
    const proxied = await filtered(test, "ip_tagging", "IPTagging", TAGS, { script, manager });
    const client = await proxied.client();
    const far = await client.request({ headers: { "x-forwarded-for": "203.0.113.9" } });
    assert.equal(far.body, "far");
    const none = await client.request({ headers: { "x-forwarded-for": "198.51.100.1" } });
    assert.equal(none.body, "none");
    assert.equal(proxied.stat("http.ingress.ip_tagging.no_hit"), 1);
  });

  it("leaves internal or external requests alone, as it is told", async (test) => {
    const internal = await filtered(test, "ip_tagging", "IPTagging", { ...TAGS, request_type: "INTERNAL" }, { script });
    assert.equal((await (await internal.client()).request()).body, "none");
    const external = await filtered(test, "ip_tagging", "IPTagging", { ...TAGS, request_type: "EXTERNAL" }, { script });
    assert.equal((await (await external.client()).request()).body, "near,exact");
  });

  it("refuses what is no address", async (test) => {
    const ip_tags = [{ ip_tag_name: "a", ip_list: [{ address_prefix: "nowhere" }] }];
    await assert.rejects(filtered(test, "ip_tagging", "IPTagging", { ip_tags }), /"nowhere" is not an IP address/);
  });
});
