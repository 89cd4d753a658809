import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { brotliCompressSync, gzipSync, zstdCompressSync } from "node:zlib";
import { until } from "../../../../harness/until.ts";
import type { Proxied } from "../../proxied.ts";
import { filtered } from "../filtered.ts";
import { library } from "../library.ts";

const TEXT = "a text that is quite compressible ".repeat(40);

function start(test: TestContext, fields: object, options: object = {}, algorithm = "gzip"): Promise<Proxied> {
  const all = { decompressor_library: library("decompressor", algorithm), ...fields };
  return filtered(test, "decompressor", "Decompressor", all, {
    script: async (exchange) => {
      const { body } = await exchange.request();
      exchange.respond({
        body,
        headers: {
          "x-accept": exchange.header("accept-encoding") ?? "none",
          "x-encoding": exchange.header("content-encoding") ?? "none",
        },
      });
    },
    ...options,
  });
}

async function post(proxied: Proxied, body: Buffer, headers: Record<string, string>) {
  return (await proxied.client()).request({ method: "POST", body: body.toString("latin1"), headers });
}

const stat = (proxied: Proxied, name: string): number => proxied.stat(`http.ingress.decompressor.lib.gzip.${name}`);

describe("The decompressor filter", () => {
  const algorithms = [
    ["gzip", "gzip", gzipSync],
    ["brotli", "br", brotliCompressSync],
    ["zstd", "zstd", zstdCompressSync],
  ] as const;
  for (const [algorithm, encoding, compress] of algorithms) {
    it(`decompresses requests and responses of ${algorithm}, and says that it can`, async (test) => {
      const proxied = await start(test, {}, {}, algorithm);
      const response = await post(proxied, compress(TEXT), { "content-encoding": encoding });
      assert.deepEqual([response.body, response.header("x-encoding")], [TEXT, "none"]);
      assert.equal(response.header("x-accept"), encoding);
      const answering = await start(
        test,
        {},
        {
          script: (exchange: { respond(response: object): void }) =>
            exchange.respond({ body: compress(TEXT), headers: { "content-encoding": encoding } }),
        },
        algorithm,
      );
      const answer = await (await answering.client()).request();
      assert.deepEqual([answer.body, answer.header("content-encoding")], [TEXT, undefined]);
    });
  }

  it("decompresses with a dictionary, and without where none was used", async (test) => {
    const dictionary = Buffer.from("words that come in every message: status, message, amount. ".repeat(5));
    const source = { inline_bytes: dictionary.toString("base64") };
    const own = { decompressor_library: library("decompressor", "zstd", { dictionaries: [source] }) };
    const proxied = await start(test, own, {}, "zstd");
    for (const body of [zstdCompressSync(TEXT, { dictionary }), zstdCompressSync(TEXT)]) {
      const response = await post(proxied, body, { "content-encoding": "zstd" });
      assert.deepEqual([response.status, response.body], [200, TEXT]);
    }
    const two = { decompressor_library: library("decompressor", "zstd", { dictionaries: [source, source] }) };
    await assert.rejects(start(test, two, {}, "zstd"), /dictionaries\[1\]: a second dictionary is not supported yet/);
  });

  it("counts messages and bytes", async (test) => {
    const proxied = await start(test, {});
    const bytes = gzipSync(TEXT);
    await post(proxied, bytes, { "content-encoding": "gzip" });
    await until("the counters", () => stat(proxied, "request.total_uncompressed_bytes") === TEXT.length);
    assert.equal(stat(proxied, "request.total_compressed_bytes"), bytes.length);
    assert.deepEqual([stat(proxied, "request.decompressed"), stat(proxied, "response.not_decompressed")], [1, 1]);
  });

  it("takes off the last of several encodings", async (test) => {
    const proxied = await start(test, {});
    const response = await post(proxied, gzipSync(TEXT), { "content-encoding": "br, GZIP" });
    assert.deepEqual([response.body, response.header("x-encoding")], [TEXT, "br"]);
  });

  const untouched: readonly (readonly [string, object, Record<string, string>])[] = [
    ["another encoding", {}, { "content-encoding": "br" }],
    ["no encoding", {}, {}],
    ["no-transform", {}, { "content-encoding": "gzip", "cache-control": "no-transform" }],
    [
      "a direction that is off",
      { request_direction_config: { common_config: { enabled: { default_value: false, runtime_key: "k" } } } },
      { "content-encoding": "gzip" },
    ],
  ];
  for (const [what, fields, headers] of untouched) {
    it(`leaves alone: ${what}`, async (test) => {
      const proxied = await start(test, fields);
      const bytes = gzipSync(TEXT);
      const response = await post(proxied, bytes, headers);
      assert.equal(response.body, bytes.toString("latin1"));
      assert.equal(stat(proxied, "request.not_decompressed"), 1);
    });
  }

  it("can ignore no-transform, and not advertise itself", async (test) => {
    const request_direction_config = {
      common_config: { ignore_no_transform_header: true },
      advertise_accept_encoding: false,
    };
    const proxied = await start(test, { request_direction_config });
    const headers = { "content-encoding": "gzip", "cache-control": "no-transform" };
    const response = await post(proxied, gzipSync(TEXT), headers);
    assert.deepEqual([response.body, response.header("x-accept")], [TEXT, "none"]);
  });

  it("answers broken requests and those that become too long with 400", async (test) => {
    for (const body of [Buffer.from("not gzip at all"), gzipSync(Buffer.alloc(10_000_000))]) {
      const proxied = await start(test, {});
      const response = await post(proxied, body, { "content-encoding": "gzip" });
      assert.equal(response.status, 400);
      assert.equal((await proxied.logged()).details, "request_decompression_failed");
    }
  });

  it("resets responses that are broken", async (test) => {
    const proxied = await start(
      test,
      {},
      {
        script: (exchange: { respond(response: object): void }) =>
          exchange.respond({ body: "not gzip at all", headers: { "content-encoding": "gzip" } }),
      },
    );
    await assert.rejects((await proxied.client()).request());
  });
});
