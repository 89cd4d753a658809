import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { describe, it, type TestContext } from "node:test";
import { FakeClock } from "../../../../harness/fake-clock.ts";
import { answering, echoing } from "../../../../harness/fake-upstream.ts";
import { until } from "../../../../harness/until.ts";
import { Proxied, type ProxiedOptions, proxiedConfig } from "../../proxied.ts";
import { moduleFilters, writeModule } from "./module-config.ts";

const ERRORS = "http.ingress.module.errors";

function withModule(test: TestContext, source: string, options: ProxiedOptions = {}, config?: unknown) {
  const file = writeModule(test, source);
  const manager = { http_filters: moduleFilters(file, config) };
  return Proxied.start(test, { script: answering("up"), ...options, manager });
}

describe("HTTP filter modules: what they can do", () => {
  it("change headers both ways", async (test) => {
    const proxied = await withModule(
      test,
      `export function decodeHeaders(stream) {
         stream.request.set("x-in", stream.request.get("X-Client") + stream.clientIp);
         stream.request.set(":path", "/new");
         stream.request.set("host", "inner");
       }
       export function encodeHeaders(stream) {
         stream.status = 202;
         stream.response.append("x-out", "1");
         stream.response.remove("x-gone");
       }`,
      {
        script: async (exchange) =>
          exchange.respond({
            body: [exchange.target, exchange.header("host"), exchange.header("x-in")].join(" "),
            headers: { "x-gone": "1" },
          }),
      },
    );
    const response = await (await proxied.client()).request({ headers: { "x-client": "me@" } });
    assert.equal(response.status, 202);
    assert.equal(response.body, "/new inner me@127.0.0.1");
    assert.equal(response.header("x-out"), "1");
    assert.equal(response.header("x-gone"), undefined);
    assert.equal(proxied.stat("http.ingress.module.executions"), 1);
  });

  it("answer a request themselves", async (test) => {
    const proxied = await withModule(
      test,
      `export function decodeHeaders(stream) { stream.respond(403, "not you", { "x-why": "because" }); }`,
    );
    const client = await proxied.client();
    const response = await client.request({ method: "POST", body: "ignored" });
    assert.equal(response.status, 403);
    assert.equal(response.body, "not you");
    assert.equal(response.header("x-why"), "because");
    assert.deepEqual(await proxied.logged(), { status: 403, flags: "", details: "module_response" });
    assert.equal(proxied.upstream.requestCount, 0);
  });

  it("wait for something", async (test) => {
    const proxied = await withModule(
      test,
      `export async function decodeHeaders(stream) {
         await new Promise((resolve) => setImmediate(resolve));
         stream.request.set("x-late", "1");
       }
       export async function encodeHeaders(stream) {
         await null;
         stream.response.set("x-late", "2");
       }`,
      {
        script: async (exchange) =>
          exchange.respond({ body: `${exchange.header("x-late")}${(await exchange.request()).body}` }),
      },
    );
    const response = await (await proxied.client()).request({ method: "POST", body: "body" });
    assert.equal(response.body, "1body");
    assert.equal(response.header("x-late"), "2");
  });

  it("replace bodies by longer and shorter ones", async (test) => {
    const proxied = await withModule(
      test,
      `export function decodeData(stream, bytes, endStream) {
         return Buffer.from(bytes.toString().toUpperCase() + (endStream ? "!!" : ""));
       }
       export function encodeData(stream, bytes) { return Buffer.from("<" + bytes + ">"); }`,
      { script: echoing },
    );
    const response = await (await proxied.client()).request({ method: "POST", body: "abc" });
    assert.match(response.body, /^<?<ABC!!>?/);
    assert.equal(response.body.replaceAll(/[<>]/g, ""), "ABC!!");
    assert.equal(response.header("content-length"), undefined);
  });

  it("have settings, for the filter and for a route", async (test) => {
    const source = `export function configure(config) { return { word: config.word + "!" }; }
      export function decodeHeaders(stream) { stream.respond(200, stream.config.word); }`;
    const perRoute = {
      "@type": "type.googleapis.com/troupe.extensions.filters.http.module.v3.ModulePerRoute",
      config: { word: "route" },
    };
    const routes = [
      { match: { path: "/own" }, route: { cluster: "app" }, typed_per_filter_config: { module: perRoute } },
      { match: { prefix: "/" }, route: { cluster: "app" } },
    ];
    const proxied = await withModule(test, source, { routes }, { word: "filter" });
    const client = await proxied.client();
    assert.equal((await client.request()).body, "filter!");
    assert.equal((await client.request({ target: "/own" })).body, "route");
  });

  it("choose the route anew, with the same random value", async (test) => {
    const random = {
      uint32: (() => {
        const values = [7, 0];
        return () => values.shift() ?? 0;
      })(),
      fraction: () => 0,
      uuid: () => "id",
    };
    const weighted = {
      clusters: [
        { name: "app", weight: 1 },
        { name: "gone", weight: 1 },
      ],
    };
    const proxied = await withModule(
      test,
      `export function decodeHeaders(stream) {
         stream.request.set("x-go", stream.routeName);
         stream.clearRouteCache();
       }`,
      {
        random,
        routes: [
          {
            name: "first",
            match: { prefix: "/", headers: [{ name: "x-go", present_match: false }] },
            route: { weighted_clusters: weighted },
          },
          { name: "second", match: { prefix: "/" }, route: { weighted_clusters: weighted } },
        ],
        clusters: [{ name: "gone", type: "STATIC" }],
        script: async (exchange) => exchange.respond({ body: exchange.header("x-go") ?? "" }),
      },
    );
    const response = await (await proxied.client()).request();
    assert.equal(response.status, 503);
    assert.equal(proxied.path.logged[0]?.info.routeName, "second");
  });
});

describe("HTTP filter modules: what they get wrong", () => {
  const rows: readonly (readonly [string, string])[] = [
    ["throws", `export function decodeHeaders() { throw new Error("oops"); }`],
    ["throws something else", `export function decodeHeaders() { throw null; }`],
    ["rejects", `export async function decodeHeaders() { await null; throw new Error("oops"); }`],
    ["throws over the body", `export function decodeData() { throw new Error("oops"); }`],
    ["returns no buffer", `export function decodeData() { return "text"; }`],
    ["returns a promise for a body", `export async function decodeData() {}`],
    ["throws over the response", `export function encodeHeaders() { throw new Error("oops"); }`],
    ["writes an invalid name", `export function decodeHeaders(s) { s.request.set("bad name", "x"); }`],
    ["writes an invalid value", `export function decodeHeaders(s) { s.request.set("x", "a\\r\\nb: c"); }`],
    ["writes a framing header", `export function decodeHeaders(s) { s.request.set("Content-Length", "1"); }`],
    ["writes a path that is none", `export function decodeHeaders(s) { s.request.set(":path", "nope"); }`],
    ["writes a status that is none", `export function encodeHeaders(s) { s.status = 99; }`],
    ["answers with a status that is none", `export function decodeHeaders(s) { s.respond(1000); }`],
    ["answers with an invalid header", `export function decodeHeaders(s) { s.respond(200, "", { "a b": "c" }); }`],
  ];
  for (const [name, source] of rows) {
    it(`answers 500 and goes on when a module ${name}`, async (test) => {
      const proxied = await withModule(test, source);
      const client = await proxied.client();
      const response = await client.request({ method: "POST", body: "x" });
      assert.equal(response.status, 500);
      assert.equal(response.body, "Internal Server Error");
      assert.equal((await proxied.logged()).details, "module_error");
      assert.equal(proxied.stat(ERRORS), 1);
      const again = await (await proxied.client()).request({ method: "POST", body: "x" });
      assert.equal(again.status, 500);
      assert.equal(proxied.stat(ERRORS), 2);
    });
  }

  it("cuts a response that has begun", async (test) => {
    const proxied = await withModule(test, `export function encodeData() { throw new Error("oops"); }`);
    await assert.rejects((await proxied.client()).request());
    assert.equal(proxied.stat(ERRORS), 1);
    assert.equal((await proxied.logged()).details, "module_error");
  });

  it("answers 500 when a module fails over another's reply", async (test) => {
    const routes = [{ match: { prefix: "/" }, direct_response: { status: 200 } }];
    const proxied = await withModule(test, `export function encodeHeaders() { throw new Error("oops"); }`, { routes });
    assert.equal((await (await proxied.client()).request()).status, 500);
  });

  it("takes anything that is no promise for done", async (test) => {
    const proxied = await withModule(test, `export function decodeHeaders() { return 42; }`);
    assert.equal((await (await proxied.client()).request()).body, "up");
  });

  it("counts what onDestroy throws, and nothing else happens", async (test) => {
    const proxied = await withModule(test, `export function onDestroy() { throw new Error("oops"); }`);
    assert.equal((await (await proxied.client()).request()).body, "up");
    await until("the error to be counted", () => proxied.stat(ERRORS) === 1);
  });

  it("lets a client leave while a module waits", async (test) => {
    const proxied = await withModule(
      test,
      `export async function decodeHeaders(stream) {
         stream.metadata("test").waits = true;
         await new Promise((resolve) => { globalThis.troupeTestRelease = resolve; });
       }`,
    );
    const client = await proxied.client();
    client.request().catch(() => {});
    const release = (): (() => void) | undefined => Reflect.get(globalThis, "troupeTestRelease");
    await until("the module to wait", () => release() !== undefined);
    client.close();
    assert.equal((await proxied.logged()).flags, "DC");
    release()!();
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(proxied.stat("cluster.app.upstream_rq_total"), 0);
    Reflect.deleteProperty(globalThis, "troupeTestRelease");
  });
});

describe("HTTP filter modules: loading", () => {
  const refused: readonly (readonly [string, string, RegExp])[] = [
    ["does not parse", "\nexport function decodeHeaders( {", /module\.ts:2 can't be loaded: /],
    ["has a syntax that needs a compiler", "\n\nenum X { a }", /module\.ts:3 can't be loaded: TypeScript enum/],
    ["throws as it is loaded", `\n\n\nthrow new Error("at load");`, /module\.ts:4 can't be loaded: at load/],
    ["exports nothing of use", "export const x = 1;", /module\.ts exports none of configure, /],
    ["exports no function", "export const decodeHeaders = 1;", /module\.ts: its export decodeHeaders is no function/],
    [
      "refuses its settings",
      `export function configure() { throw new Error("needs a key"); }`,
      /configure of .*module\.ts failed: needs a key/,
    ],
    [
      "configures itself later",
      "export async function configure() { throw new Error(); }",
      /configure of .*module\.ts returns a promise; what takes time is awaited at the top of the module/,
    ],
  ];
  for (const [name, source, problem] of refused) {
    it(`refuses a configuration whose module ${name}`, async (test) => {
      await assert.rejects(withModule(test, source), problem);
    });
  }

  it("refuses a configuration whose module does not get loaded in time", async (test) => {
    const clock = new FakeClock();
    const started = withModule(test, "await new Promise(() => {}); export function decodeHeaders() {}", { clock });
    const refused = assert.rejects(started, /module\.ts can't be loaded: its top-level await takes longer than 5 s/);
    let over = false;
    refused.finally(() => (over = true));
    await until("the end of the wait", () => {
      clock.advance(1000);
      return over;
    });
    await refused;
  });

  it("refuses a file that is not there, by its place", async (test) => {
    const manager = { http_filters: moduleFilters("/nowhere/module.ts") };
    await assert.rejects(
      Proxied.start(test, { manager }),
      /typed_config\.file: can't read the module: .*\/nowhere\/module\.ts/,
    );
  });

  it("runs the new content after a reload, and the old one if the new one is broken", async (test) => {
    const answer = (text: string): string => `export function decodeHeaders(s) { s.respond(200, "${text}"); }`;
    const file = writeModule(test, answer("old"));
    const options = { manager: { http_filters: moduleFilters(file) } };
    const proxied = await Proxied.start(test, options);
    assert.equal((await (await proxied.client()).request()).body, "old");
    writeFileSync(file, answer("new"));
    await proxied.path.reload(proxiedConfig(options, proxied.upstream.port));
    assert.equal((await (await proxied.client()).request()).body, "new");
    writeFileSync(file, "broken(");
    await assert.rejects(proxied.path.reload(proxiedConfig(options, proxied.upstream.port)), /can't be loaded/);
    assert.equal((await (await proxied.client()).request()).body, "new");
  });
});
