import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import type { ClientRequest, ClientResponse } from "../../../../harness/http1-client.ts";
import { Proxied } from "../../proxied.ts";

const at = (path: string, reply: object): object => ({ match: { path }, direct_response: reply });
const ROUTES = [
  at("/text", { status: 418, body: { inline_string: "a téapot" } }),
  at("/bare", { status: 503 }),
  { match: { prefix: "/app" }, route: { cluster: "app" } },
];
const status = (value: number): object => ({
  status_code_filter: { comparison: { op: "EQ", value: { default_value: value, runtime_key: "none" } } },
});

/** The answer of a proxy with this `local_reply_config`. */
async function answer(test: TestContext, config: object, request: ClientRequest): Promise<ClientResponse> {
  const proxied = await Proxied.start(test, { routes: ROUTES, manager: { local_reply_config: config } });
  return (await proxied.client()).request(request);
}

describe("local_reply_config", () => {
  it("changes nothing as long as it says nothing", async (test) => {
    const response = await answer(test, {}, { target: "/text" });
    assert.equal(response.status, 418);
    assert.equal(Buffer.from(response.body, "latin1").toString(), "a téapot");
    assert.deepEqual([response.header("content-type"), response.header("content-length")], ["text/plain", "9"]);
  });

  it("puts the text of every reply into a format", async (test) => {
    const body_format = {
      text_format: "<h1>%RESPONSE_CODE%</h1> %LOCAL_REPLY_BODY% of %REQ(:path)% %REQ(x-none)%",
      content_type: "text/html; charset=UTF-8",
    };
    const response = await answer(test, { body_format }, { target: "/text" });
    const text = "<h1>418</h1> a téapot of /text -";
    assert.equal(Buffer.from(response.body, "latin1").toString(), text);
    assert.equal(response.header("content-type"), "text/html; charset=UTF-8");
    assert.equal(response.header("content-length"), String(Buffer.byteLength(text)));
  });

  it("writes JSON, also for a reply that had no text", async (test) => {
    const body_format = {
      json_format: { code: "%RESPONSE_CODE%", text: "%LOCAL_REPLY_BODY%", 'quo"te': "%REQ(x-a)%" },
    };
    const request = { target: "/bare", headers: { "x-a": 'a"b' } };
    const response = await answer(test, { body_format }, request);
    assert.deepEqual(JSON.parse(response.body), { code: 503, text: "", 'quo"te': 'a"b' });
    assert.equal(response.header("content-type"), "application/json");
  });

  it("changes status, text and headers by the first mapper whose filter passes", async (test) => {
    const config = {
      mappers: [
        { filter: status(404), status_code: 410, body: { inline_string: "never" } },
        {
          filter: status(418),
          status_code: 503,
          body: { inline_string: "tea is out" },
          headers_to_add: [
            { header: { key: "retry-after", value: "%RESPONSE_CODE%0" }, append_action: "OVERWRITE_IF_EXISTS_OR_ADD" },
          ],
        },
        { filter: status(418), status_code: 500 },
      ],
    };
    const response = await answer(test, config, { target: "/text" });
    assert.deepEqual(
      [response.status, response.body, response.header("retry-after"), response.header("content-length")],
      [503, "tea is out", "4180", "10"],
    );
  });

  it("lets a mapper have a format of its own, in which its own text and status stand", async (test) => {
    const config = {
      mappers: [
        {
          filter: status(404),
          status_code: 410,
          body: { inline_string: "gone" },
          body_format_override: { text_format: "%RESPONSE_CODE% %LOCAL_REPLY_BODY%" },
        },
      ],
      body_format: { text_format: "other: %LOCAL_REPLY_BODY%" },
    };
    assert.equal((await answer(test, config, { target: "/none" })).body, "410 gone");
    assert.equal((await answer(test, config, { target: "/text" })).body.slice(0, 7), "other: ");
  });

  it("knows why the router could not answer", async (test) => {
    const proxied = await Proxied.start(test, {
      routes: ROUTES,
      port: 1,
      manager: {
        local_reply_config: {
          mappers: [{ filter: { response_flag_filter: { flags: ["UF"] } }, body: { inline_string: "try later" } }],
          body_format: { text_format: "%LOCAL_REPLY_BODY% (%RESPONSE_FLAGS%, %RESPONSE_CODE_DETAILS%)" },
        },
      },
    });
    const response = await (await proxied.client()).request({ target: "/app" });
    assert.equal(response.status, 503);
    assert.match(
      response.body,
      /^try later \(UF, upstream_reset_before_response_started\{remote_connection_failure\|.*\}\)$/,
    );
  });

  it("holds for bytes that never became a request", async (test) => {
    const config = {
      mappers: [
        { filter: status(400), status_code: 421, headers_to_add: [{ header: { key: "x-why", value: "odd" } }] },
      ],
      body_format: { text_format: "%RESPONSE_CODE% %LOCAL_REPLY_BODY% %REQ(:path)%" },
    };
    const proxied = await Proxied.start(test, { manager: { local_reply_config: config } });
    const response = await (await proxied.client()).send("GET", "GET / HTTP/1.1\r\nhost: t\r\nbad header: x\r\n\r\n");
    assert.equal(response.status, 421);
    assert.equal(response.body, "421 Bad Request -");
    assert.equal(response.header("x-why"), "odd");
    assert.equal((await proxied.logged()).status, 421);
  });

  it("leaves out the text in answers to HEAD, and says how long it would be", async (test) => {
    const body_format = { text_format: "0123456789" };
    const response = await answer(test, { body_format }, { method: "HEAD", target: "/text" });
    assert.deepEqual([response.body, response.header("content-length")], ["", "10"]);
  });

  it("gives gRPC clients the changed status and text as theirs", async (test) => {
    const config = { mappers: [{ filter: status(404), status_code: 429, body: { inline_string: "slow down" } }] };
    const request = { method: "POST", target: "/none", headers: { "content-type": "application/grpc" } };
    const response = await answer(test, config, request);
    assert.deepEqual(
      [response.status, response.header("grpc-status"), response.header("grpc-message"), response.body],
      [200, "14", "slow down", ""],
    );
  });

  it("does not touch what upstreams answer", async (test) => {
    const config = { body_format: { text_format: "ours" } };
    const proxied = await Proxied.start(test, { routes: ROUTES, manager: { local_reply_config: config } });
    const response = (await proxied.client()).request({ target: "/app" });
    (await proxied.upstream.nextRequest()).respond({ status: 503, body: "theirs" });
    assert.deepEqual([(await response).status, (await response).body], [503, "theirs"]);
  });
});
