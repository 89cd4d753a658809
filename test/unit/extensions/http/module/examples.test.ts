import assert from "node:assert/strict";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";
import * as abRouting from "../../../../../docs/examples/modules/ab-routing.ts";
import * as addHeader from "../../../../../docs/examples/modules/add-header.ts";
import * as apiKey from "../../../../../docs/examples/modules/api-key.ts";
import * as jsonBody from "../../../../../docs/examples/modules/json-body.ts";
import type { HttpModule } from "../../../../../src/extensions/http/module/contract.ts";
import { answering } from "../../../../harness/fake-upstream.ts";
import { Proxied, type ProxiedOptions } from "../../proxied.ts";
import { moduleFilters } from "./module-config.ts";

/** They have the types that they should. */
const EXAMPLES: Readonly<Record<string, Pick<HttpModule, "decodeHeaders" | "encodeHeaders" | "encodeData">>> = {
  "ab-routing": abRouting,
  "add-header": addHeader,
  "api-key": apiKey,
  "json-body": jsonBody,
};

function withExample(test: TestContext, name: string, config: unknown, options: ProxiedOptions = {}) {
  assert.ok(name in EXAMPLES);
  const file = path.resolve(import.meta.dirname, `../../../../../docs/examples/modules/${name}.ts`);
  return Proxied.start(test, {
    script: answering("up"),
    ...options,
    manager: { http_filters: moduleFilters(file, config) },
  });
}

describe("The example modules", () => {
  it("add a header", async (test) => {
    const proxied = await withExample(test, "add-header", { name: "x-served-by", value: "troupe" });
    assert.equal((await (await proxied.client()).request()).header("x-served-by"), "troupe");
    await assert.rejects(withExample(test, "add-header", {}), /config\.name must be the name of a header/);
  });

  it("let in only those who have a key", async (test) => {
    const proxied = await withExample(
      test,
      "api-key",
      { keys: { s3cret: "alice" } },
      {
        script: (exchange) =>
          exchange.respond({ body: `${exchange.header("x-user")} ${exchange.header("x-api-key")}` }),
      },
    );
    const client = await proxied.client();
    const refused = await client.request({ headers: { "x-api-key": "__proto__" } });
    assert.equal(refused.status, 401);
    assert.equal(refused.header("www-authenticate"), "ApiKey");
    assert.equal((await client.request()).status, 401);
    assert.equal((await client.request({ headers: { "x-api-key": "s3cret" } })).body, "alice undefined");
  });

  for (const [percent, variant] of [
    [0, "a"],
    [100, "b"],
  ] as const) {
    it(`send ${percent} % of the clients to the other version`, async (test) => {
      const answer = (body: string): object => ({ direct_response: { status: 200, body: { inline_string: body } } });
      const routes = [
        { match: { prefix: "/", headers: [{ name: "x-variant", string_match: { exact: "b" } }] }, ...answer("b") },
        { match: { prefix: "/" }, ...answer("a") },
      ];
      const proxied = await withExample(test, "ab-routing", { percent }, { routes });
      assert.equal((await (await proxied.client()).request()).body, variant);
    });
  }

  it("hide fields of JSON, whatever pieces it comes in, and leave other bodies alone", async (test) => {
    const text = JSON.stringify({ user: "al", password: "x", deep: [{ password: "y", z: 1 }] });
    const proxied = await withExample(
      test,
      "json-body",
      { hide: ["password"] },
      {
        script: (exchange) => {
          const type = exchange.target === "/json" ? "application/json" : "text/plain";
          exchange.write(`HTTP/1.1 200 OK\r\ncontent-type: ${type}\r\ncontent-length: ${text.length}\r\n\r\n`);
          exchange.write(text.slice(0, 10));
          exchange.write(text.slice(10));
        },
      },
    );
    const client = await proxied.client();
    assert.equal((await client.request({ target: "/json" })).body, '{"user":"al","deep":[{"z":1}]}');
    assert.equal((await client.request({ target: "/text" })).body, text);
  });
});
