import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { fromJson, type JsonValue, toBinary } from "@bufbuild/protobuf";
import { ValueSchema } from "@bufbuild/protobuf/wkt";
import type { Proxied } from "../../proxied.ts";
import { filtered, routeWith } from "../filtered.ts";
import { metadataOf } from "../metadata-of.ts";

const NAMESPACE = "envoy.filters.http.header_to_metadata";

function start(test: TestContext, config: object, options: object = {}): Promise<Proxied> {
  return filtered(test, "header_to_metadata", "Config", config, options);
}

async function noted(proxied: Proxied, headers: Record<string, string>, target = "/"): Promise<object> {
  const before = proxied.path.logged.length;
  await (await proxied.client()).request({ headers, target });
  return metadataOf(proxied, NAMESPACE, before);
}

const PROTOBUF = { on_header_present: { key: "k", type: "PROTOBUF_VALUE", encode: "BASE64" } };
const inBase64 = (json: JsonValue): string =>
  Buffer.from(toBinary(ValueSchema, fromJson(ValueSchema, json))).toString("base64");

describe("The header_to_metadata filter", () => {
  const rule = (rest: object) => ({ request_rules: [{ header: "x-v", ...rest }] });
  const cases: readonly (readonly [string, object, Record<string, string>, object])[] = [
    ["a header as it is", rule({ on_header_present: { key: "k" } }), { "x-v": "a b" }, { k: "a b" }],
    ["a number", rule({ on_header_present: { key: "k", type: "NUMBER" } }), { "x-v": " 1.5" }, { k: 1.5 }],
    ["nothing for what is no number", rule({ on_header_present: { key: "k", type: "NUMBER" } }), { "x-v": "a" }, {}],
    ["decoded base64", rule({ on_header_present: { key: "k", encode: "BASE64" } }), { "x-v": "aGk" }, { k: "hi" }],
    ["nothing for broken base64", rule({ on_header_present: { key: "k", encode: "BASE64" } }), { "x-v": "*" }, {}],
    [
      "a protobuf value",
      rule(PROTOBUF),
      { "x-v": inBase64({ a: [1, "\u00e4", null, true] }) },
      { k: { a: [1, "\u00e4", null, true] } },
    ],
    ["nothing for a broken protobuf value", rule(PROTOBUF), { "x-v": Buffer.from("\x0a\xff").toString("base64") }, {}],
    ["nothing for bytes that are cut off", rule(PROTOBUF), { "x-v": inBase64("abcdef").slice(0, 6) }, {}],
    ["a fixed value", rule({ on_header_present: { key: "k", value: "there" } }), { "x-v": "a" }, { k: "there" }],
    ["a value for a missing header", rule({ on_header_missing: { key: "k", value: "gone" } }), {}, { k: "gone" }],
    ["nothing for an empty header", rule({ on_header_present: { key: "k" } }), { "x-v": "" }, {}],
    ["nothing for a very long one", rule({ on_header_present: { key: "k" } }), { "x-v": "x".repeat(8192) }, {}],
    ["a pseudo-header", { request_rules: [{ header: ":path", on_header_present: { key: "k" } }] }, {}, { k: "/" }],
    [
      "a rewritten value",
      rule({
        on_header_present: {
          key: "k",
          regex_value_rewrite: { pattern: { regex: "^/(\\w+)/.*" }, substitution: "\\1" },
        },
      }),
      { "x-v": "/first/second" },
      { k: "first" },
    ],
    [
      "a cookie",
      { request_rules: [{ cookie: "sid", on_header_present: { key: "k" } }] },
      { cookie: "a=1; sid=abc" },
      { k: "abc" },
    ],
    [
      "a missing cookie",
      { request_rules: [{ cookie: "sid", on_header_missing: { key: "k", value: "none" } }] },
      { cookie: "xsid=abc" },
      { k: "none" },
    ],
  ];
  for (const [what, config, headers, expected] of cases) {
    it(`notes ${what}`, async (test) => {
      assert.deepEqual(await noted(await start(test, config), headers), expected);
    });
  }

  it("takes the header out if it is told to, and writes into the namespace that is named", async (test) => {
    const on_header_present = { key: "k", metadata_namespace: "ours" };
    const proxied = await start(test, rule({ on_header_present, remove: true }), {
      script: (exchange: { header(name: string): string | undefined; respond(response: object): void }) =>
        exchange.respond({ body: exchange.header("x-v") ?? "none" }),
    });
    const response = await (await proxied.client()).request({ headers: { "x-v": "1" } });
    assert.equal(response.body, "none");
    assert.deepEqual(await metadataOf(proxied, "ours"), { k: "1" });
  });

  it("notes headers of responses", async (test) => {
    const proxied = await start(test, { response_rules: [{ header: ":status", on_header_present: { key: "k" } }] });
    assert.deepEqual(await noted(proxied, {}), { k: "200" });
  });

  it("follows the rules of the route instead", async (test) => {
    const routes = [
      routeWith("/r", "header_to_metadata", "Config", rule({ on_header_present: { key: "route" } })),
      routeWith("/", "header_to_metadata", "Config", rule({ on_header_present: { key: "root" } })),
    ];
    const proxied = await start(test, rule({ on_header_present: { key: "k" } }), { routes });
    assert.deepEqual(await noted(proxied, { "x-v": "1" }, "/r"), { route: "1" });
  });

  const refused: readonly (readonly [object, RegExp])[] = [
    [{ request_rules: [{ on_header_present: { key: "k" } }] }, /needs either header or cookie/],
    [{ request_rules: [{ header: "a" }] }, /needs on_header_present or on_header_missing/],
    [{ request_rules: [{ cookie: "a", remove: true, on_header_present: { key: "k" } }] }, /cookies can't be removed/],
    [{ request_rules: [{ header: "a", on_header_missing: { key: "k" } }] }, /value: is required/],
  ];
  for (const [config, problem] of refused) {
    it(`refuses a rule: ${problem.source}`, async (test) => {
      await assert.rejects(start(test, config), problem);
    });
  }
});
