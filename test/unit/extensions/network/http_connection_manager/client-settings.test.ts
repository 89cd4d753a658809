import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { answering } from "../../../../harness/fake-upstream.ts";
import { Proxied } from "../../proxied.ts";

const typed = (type: string, more: object) => ({ "@type": `type.googleapis.com/${type}`, ...more });
const DETECTION = "envoy.extensions.http.original_ip_detection";
const XFF = { name: "xff", typed_config: typed(`${DETECTION}.xff.v3.XffConfig`, { xff_num_trusted_hops: 1 }) };
const custom = (more: object) => ({
  name: "header",
  typed_config: typed(`${DETECTION}.custom_header.v3.CustomHeaderConfig`, { header_name: "X-Client-IP", ...more }),
});
const requestId = (more: object) => ({
  typed_config: typed("envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig", more),
});
const ID = "00001388-1234-4123-8123-123456789abc";

/** The id with which a request reaches the upstream. */
async function forwardedId(proxied: Proxied): Promise<string | undefined> {
  const client = await proxied.client();
  const response = client.request({ headers: { "x-request-id": ID } });
  const exchange = await proxied.upstream.nextRequest();
  exchange.respond({});
  await response;
  return exchange.header("x-request-id");
}

describe("HttpConnectionManager: original_ip_detection_extensions", () => {
  it("refuses requests that don't say who the client is, and counts them", async (test) => {
    const manager = { original_ip_detection_extensions: [custom({ reject_with_status: { code: "BadRequest" } })] };
    const proxied = await Proxied.start(test, { manager, script: answering("ok") });
    const client = await proxied.client();
    assert.equal((await client.request()).status, 400);
    assert.equal((await proxied.logged()).details, "rejecting_because_detection_failed");
    assert.equal(proxied.stat("http.ingress.downstream_rq_rejected_via_ip_detection"), 1);
    assert.equal((await client.request({ headers: { "x-client-ip": "1.2.3.4" } })).status, 200);
    assert.equal(proxied.stat("http.ingress.downstream_rq_rejected_via_ip_detection"), 1);
  });

  it("may not stand beside the settings that it replaces", async (test) => {
    const refused = (manager: object) =>
      assert.rejects(Proxied.start(test, { manager: { original_ip_detection_extensions: [XFF], ...manager } }));
    await refused({ use_remote_address: true });
    await refused({ xff_num_trusted_hops: 1 });
    await Proxied.start(test, { manager: { original_ip_detection_extensions: [XFF] } });
  });
});

describe("HttpConnectionManager: request_id_extension", () => {
  const tracing = { random_sampling: { value: 100 } };

  it("writes whether a request is traced into its id, unless it may not", async (test) => {
    const packing = await Proxied.start(test, { manager: { tracing, request_id_extension: requestId({}) } });
    assert.equal(await forwardedId(packing), ID.replace("-4", "-9"));
    const manager = { tracing, request_id_extension: requestId({ pack_trace_reason: false }) };
    const plain = await Proxied.start(test, { manager });
    assert.equal(await forwardedId(plain), ID);
    assert.equal(plain.stat("http.ingress.tracing.random_sampling"), 1);
  });

  it("samples every request where the id does not decide", async (test) => {
    const extension = requestId({ use_request_id_for_trace_sampling: false });
    const manager = { tracing: { random_sampling: { value: 0 } }, request_id_extension: extension };
    const proxied = await Proxied.start(test, { manager });
    assert.equal(await forwardedId(proxied), ID);
    assert.equal(proxied.stat("http.ingress.tracing.random_sampling"), 1);
  });
});

describe("HttpConnectionManager: early_header_mutation_extensions", () => {
  const early = (...mutations: object[]) => ({
    early_header_mutation_extensions: [
      {
        name: "early",
        typed_config: typed("envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation", {
          mutations,
        }),
      },
    ],
  });
  const set = (key: string, value: string) => ({
    append: { header: { key, value }, append_action: "OVERWRITE_IF_EXISTS_OR_ADD" },
  });

  it("change what the client's address and the route are found by", async (test) => {
    const routes = [
      {
        match: { prefix: "/", headers: [{ name: "x-kind", string_match: { exact: "GET-a" } }] },
        route: { cluster: "app" },
      },
      { match: { prefix: "/" }, direct_response: { status: 404 } },
    ];
    const manager = early({ remove: "x-forwarded-for" }, set("x-kind", "%REQ(:METHOD)%-%REQ(x-a)%"));
    const proxied = await Proxied.start(test, { manager: { ...manager, use_remote_address: true }, routes });
    const client = await proxied.client();
    const response = client.request({ headers: { "x-forwarded-for": "1.2.3.4", "x-a": "a" } });
    const exchange = await proxied.upstream.nextRequest();
    exchange.respond({});
    assert.equal((await response).status, 200);
    assert.equal(exchange.header("x-forwarded-for"), "127.0.0.1");
    assert.equal((await client.request({ headers: { "x-a": "b" } })).status, 404);
  });

  it("can't change the path or the host, and says so", async (test) => {
    for (const name of [":path", "host"]) {
      await assert.rejects(Proxied.start(test, { manager: early(set(name, "/x")) }), /may not be added or removed/);
    }
  });
});

describe("HttpConnectionManager: HTTP/1.0", () => {
  it("gives requests without a host the default one", async (test) => {
    const http10 = { accept_http_10: true, default_host_for_http_10: "old.example" };
    const proxied = await Proxied.start(test, { manager: { http_protocol_options: http10 } });
    const client = await proxied.client();
    client.socket.write("GET / HTTP/1.0\r\n\r\n");
    const exchange = await proxied.upstream.nextRequest();
    assert.equal(exchange.header("host"), "old.example");
    exchange.respond({});
  });
});
