import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import { until } from "../../../../harness/until.ts";
import { Proxied } from "../../proxied.ts";
import { filterChain, filtered, routeWith } from "../filtered.ts";
import { library } from "../library.ts";

const TEXT = "a text that is quite compressible ".repeat(100);
const GZIP = { "accept-encoding": "gzip" };
const RESPONSE = { compressor_library: library("compressor", "gzip"), response_direction_config: {} };

interface Answer {
  readonly body?: string;
  readonly headers?: Record<string, string>;
}

function start(test: TestContext, fields: object, answer: Answer = {}, options: object = {}): Promise<Proxied> {
  return filtered(test, "compressor", "Compressor", fields, {
    script: (exchange) =>
      exchange.respond({ body: TEXT, ...answer, headers: { "content-type": "text/plain", ...answer.headers } }),
    ...options,
  });
}

async function ask(proxied: Proxied, headers: Record<string, string>, target = "/") {
  return (await proxied.client()).request({ headers, target });
}

const stat = (proxied: Proxied, name: string): number => proxied.stat(`http.ingress.compressor.lib.gzip.${name}`);

describe("The compressor filter", () => {
  const algorithms = [
    ["gzip", "gzip", gunzipSync],
    ["brotli", "br", brotliDecompressSync],
    ["zstd", "zstd", zstdDecompressSync],
  ] as const;
  for (const [algorithm, encoding, decompress] of algorithms) {
    it(`compresses responses with ${algorithm}`, async (test) => {
      const fields = { ...RESPONSE, compressor_library: library("compressor", algorithm) };
      const proxied = await start(test, fields, { headers: { etag: '"strong"', vary: "origin" } });
      const response = await ask(proxied, { "accept-encoding": encoding });
      assert.equal(response.header("content-encoding"), encoding);
      assert.equal(response.header("content-length"), undefined);
      assert.equal(response.header("etag"), undefined);
      assert.equal(response.header("vary"), "origin, Accept-Encoding");
      const bytes = Buffer.from(response.body, "latin1");
      assert.equal(decompress(bytes).toString(), TEXT);
      assert.ok(bytes.length < TEXT.length / 5);
      const prefix = `http.ingress.compressor.lib.${algorithm}.response.`;
      await until("the counters", () => proxied.stat(`${prefix}total_compressed_bytes`) === bytes.length);
      assert.equal(proxied.stat(`${prefix}total_uncompressed_bytes`), TEXT.length);
      assert.deepEqual([proxied.stat(`${prefix}compressed`), proxied.stat(`${prefix}header_compressor_used`)], [1, 1]);
    });
  }

  it("compresses with a dictionary that both sides know", async (test) => {
    const dictionary = Buffer.from("words that come in every message: status, message, amount, currency. ".repeat(5));
    const body = "amount, currency, status, message: words that come in every message";
    const settings = { dictionary: { inline_bytes: dictionary.toString("base64") } };
    const fields = { ...RESPONSE, compressor_library: library("compressor", "zstd", settings) };
    const proxied = await start(test, fields, { body });
    const response = await ask(proxied, { "accept-encoding": "zstd" });
    const bytes = Buffer.from(response.body, "latin1");
    assert.equal(zstdDecompressSync(bytes, { dictionary }).toString(), body);
    assert.throws(() => zstdDecompressSync(bytes));
  });

  it("refuses a dictionary that is none", async (test) => {
    for (const [bytes, problem] of [
      ["\x37\xa4\x30\xecnot whole", /dictionary: is no dictionary of zstd/],
      ["", /dictionary/],
    ] as const) {
      const settings = { dictionary: { inline_bytes: Buffer.from(bytes, "latin1").toString("base64") } };
      const fields = { ...RESPONSE, compressor_library: library("compressor", "zstd", settings) };
      await assert.rejects(start(test, fields), problem);
    }
  });

  const untouched: readonly (readonly [string, object, Record<string, string>, Answer, string])[] = [
    ["clients that do not ask for it", {}, {}, {}, "no_accept_header"],
    ["clients that want another encoding", {}, { "accept-encoding": "br" }, {}, "header_not_valid"],
    ["clients that want none", {}, { "accept-encoding": "identity" }, {}, "header_identity"],
    ["short responses", {}, GZIP, { body: "short" }, "content_length_too_small"],
    ["other media types", {}, GZIP, { headers: { "content-type": "image/png" } }, "not_compressed"],
    ["compressed responses", {}, GZIP, { headers: { "content-encoding": "br" } }, "not_compressed"],
    ["no-transform", {}, GZIP, { headers: { "cache-control": "public, No-Transform" } }, "not_compressed"],
    [
      "an etag, if it is told to",
      { disable_on_etag_header: true },
      GZIP,
      { headers: { etag: '"e"' } },
      "not_compressed_etag",
    ],
    [
      "anything when it is off",
      { common_config: { enabled: { default_value: false, runtime_key: "k" } } },
      GZIP,
      {},
      "not_compressed",
    ],
  ];
  for (const [what, direction, headers, answer, counter] of untouched) {
    it(`leaves alone: ${what}`, async (test) => {
      const proxied = await start(test, { ...RESPONSE, response_direction_config: direction }, answer);
      const response = await ask(proxied, headers);
      assert.equal(response.body, answer.body ?? TEXT);
      assert.equal(response.header("content-encoding"), answer.headers?.["content-encoding"]);
      assert.deepEqual([stat(proxied, `response.${counter}`), stat(proxied, "response.compressed")], [1, 0]);
    });
  }

  it("says that a response depends on accept-encoding even if it is not compressed, and keeps weak etags", async (test) => {
    const proxied = await start(test, RESPONSE, { headers: { etag: 'W/"weak"' } });
    assert.equal((await ask(proxied, {})).header("vary"), "Accept-Encoding");
    assert.equal((await ask(proxied, GZIP)).header("etag"), 'W/"weak"');
  });

  it("obeys lengths and types of its configuration, with or without the deprecated fields", async (test) => {
    const common_config = { min_content_length: 5000, content_type: ["Image/PNG"] };
    const proxied = await start(test, { ...RESPONSE, response_direction_config: { common_config } });
    assert.equal((await ask(proxied, GZIP)).header("content-encoding"), undefined);
    const deprecated = { compressor_library: library("compressor", "gzip"), content_length: 10, content_type: ["a/b"] };
    const old = await start(test, deprecated, { body: "x".repeat(20), headers: { "content-type": "a/b; c=d" } });
    assert.equal((await ask(old, GZIP)).header("content-encoding"), "gzip");
    assert.equal(stat(old, "compressed"), 1);
  });

  it("follows the route, and hides accept-encoding from upstreams if it is told to", async (test) => {
    const overrides = { response_direction_config: { remove_accept_encoding_header: true } };
    const routes = [
      routeWith("/off", "compressor", "CompressorPerRoute", { disabled: true }),
      routeWith("/", "compressor", "CompressorPerRoute", { overrides }),
    ];
    const script = (exchange: { header(name: string): string | undefined; respond(response: object): void }) =>
      exchange.respond({
        body: TEXT,
        headers: { "content-type": "text/plain", "x-seen": exchange.header("accept-encoding") ?? "none" },
      });
    const common_config = { enabled: { default_value: false, runtime_key: "k" } };
    const fields = { ...RESPONSE, response_direction_config: { common_config } };
    const proxied = await start(test, fields, {}, { routes, script });
    const off = await ask(proxied, GZIP, "/off");
    assert.deepEqual([off.header("content-encoding"), off.header("x-seen")], [undefined, "gzip"]);
    const on = await ask(proxied, GZIP);
    assert.deepEqual([on.header("content-encoding"), on.header("x-seen")], ["gzip", "none"]);
  });

  it("leaves responses with some statuses alone", async (test) => {
    const fields = { ...RESPONSE, response_direction_config: { uncompressible_response_codes: [206, 404] } };
    const proxied = await filtered(test, "compressor", "Compressor", fields, {
      script: (exchange) => exchange.respond({ status: Number(exchange.target.slice(1)), body: TEXT }),
    });
    const client = await proxied.client();
    const encodings: (string | undefined)[] = [];
    for (const status of [200, 206, 404, 500]) {
      const response = await client.request({ headers: GZIP, target: `/${status}` });
      assert.equal(response.status, status);
      encodings.push(response.header("content-encoding"));
    }
    assert.deepEqual(encodings, ["gzip", undefined, undefined, "gzip"]);
    const wrong = { ...RESPONSE, response_direction_config: { uncompressible_response_codes: [99] } };
    await assert.rejects(start(test, wrong), /uncompressible_response_codes\[0\].*200/);
  });

  it("lets several compressors of a chain agree on one", async (test) => {
    const one = (algorithm: string) =>
      filterChain("compressor", "Compressor", {
        compressor_library: library("compressor", algorithm),
        response_direction_config: {},
      })[0]!;
    const [, router] = filterChain("compressor", "Compressor");
    const manager = { http_filters: [{ ...one("gzip"), name: "g" }, { ...one("brotli"), name: "b" }, router] };
    const proxied = await start(test, RESPONSE, {}, { manager });
    const brotli = await ask(proxied, { "accept-encoding": "gzip;q=0.5, br" });
    assert.equal(brotli.header("content-encoding"), "br");
    assert.equal(brotliDecompressSync(Buffer.from(brotli.body, "latin1")).toString(), TEXT);
    assert.equal(stat(proxied, "response.header_compressor_overshadowed"), 1);
    assert.equal((await ask(proxied, { "accept-encoding": "gzip" })).header("content-encoding"), "gzip");
  });

  it("compresses requests where that is switched on", async (test) => {
    const fields = { compressor_library: library("compressor", "gzip"), request_direction_config: {} };
    const proxied = await filtered(test, "compressor", "Compressor", fields, {
      script: async (exchange) => {
        const { body } = await exchange.request();
        const encoding = exchange.header("content-encoding") ?? "none";
        exchange.respond({ body: encoding === "gzip" ? gunzipSync(body).toString() : "plain", headers: { encoding } });
      },
    });
    const client = await proxied.client();
    const headers = { "content-type": "text/plain" };
    const long = await client.request({ method: "POST", body: TEXT, headers });
    assert.deepEqual([long.header("encoding"), long.body], ["gzip", TEXT]);
    assert.equal((await client.request({ method: "POST", body: "short", headers })).body, "plain");
    assert.deepEqual([stat(proxied, "request.compressed"), stat(proxied, "request.not_compressed")], [1, 1]);
    assert.equal(stat(proxied, "request.content_length_too_small"), 1);
  });

  it("gives out what it has while the response still goes on", async (test) => {
    const proxied = await filtered(test, "compressor", "Compressor", RESPONSE, {
      script: (exchange) => {
        exchange.write(
          `HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n5\r\nfirst\r\n`,
        );
      },
    });
    const client = await proxied.client();
    let seen = "";
    client.socket.on("data", (bytes: Buffer) => {
      seen += bytes.toString("latin1");
    });
    client.socket.write("GET / HTTP/1.1\r\nhost: a\r\naccept-encoding: gzip\r\n\r\n");
    await until("the first piece", () => seen.includes("\r\n\r\n") && seen.split("\r\n\r\n")[1]!.length > 10);
    const chunks = Buffer.from(seen.slice(seen.indexOf("\r\n\r\n") + 4), "latin1");
    assert.ok(chunks.includes(Buffer.from([0x1f, 0x8b])));
  });

  it("refuses settings that its library can't have", async (test) => {
    const bad = { compressor_library: library("compressor", "zstd", { compression_level: 23 }) };
    await assert.rejects(start(test, bad), /23 is more than 22/);
    const wrong = { compressor_library: library("decompressor", "gzip") };
    await assert.rejects(start(test, wrong), /can't stand here/);
  });

  it("leaves a proxy without it as it was", async (test) => {
    const proxied = await Proxied.start(test, { script: (exchange) => exchange.respond({ body: TEXT }) });
    assert.equal((await ask(proxied, GZIP)).body, TEXT);
  });
});
