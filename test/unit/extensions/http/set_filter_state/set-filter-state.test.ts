import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { Proxied } from "../../proxied.ts";
import { filterChain, filtered, routeWith } from "../filtered.ts";

const set = (key: string, format: string, rest: object = {}) => ({
  object_key: key,
  factory_key: "envoy.string",
  format_string: { text_format_source: { inline_string: format } },
  ...rest,
});
const config = (...on_request_headers: object[]) => ({ on_request_headers });

async function stateOf(proxied: Proxied): Promise<object> {
  await (await proxied.client()).request({ headers: { "x-a": "A" } });
  await proxied.logged();
  return Object.fromEntries(proxied.path.logged[0]!.info.filterState ?? []);
}

describe("The set_filter_state filter", () => {
  const start = (test: TestContext, fields: object, options: object = {}) =>
    filtered(test, "set_filter_state", "Config", fields, options);

  it("writes what it makes of the request, and leaves empty values out if it is told to", async (test) => {
    const empty = { format_string: { text_format_source: { inline_string: "%REQ(x-b)%" }, omit_empty_values: true } };
    const proxied = await start(
      test,
      config(
        set("one", "%REQ(x-a)%-%PROTOCOL%"),
        set("two", "", { ...empty, skip_if_empty: true }),
        set("three", "", empty),
      ),
    );
    assert.deepEqual(await stateOf(proxied), { one: "A-HTTP/1.1", three: "" });
  });

  it("lets later ones and routes overwrite, but not what is read-only", async (test) => {
    const first = config(set("a", "1", { read_only: true }), set("a", "2"), set("b", "1"));
    const routes = [routeWith("/", "set_filter_state", "Config", config(set("a", "3"), set("b", "3")))];
    assert.deepEqual(await stateOf(await start(test, first, { routes })), { a: "1", b: "3" });
  });

  it("can be read by formats", async (test) => {
    const [filter] = filterChain("set_filter_state", "Config", config(set("who", "%REQ(x-a)%")));
    const manager = {
      http_filters: [
        filter,
        ...filterChain("header_mutation", "HeaderMutation", {
          mutations: {
            response_mutations: [{ append: { header: { key: "x-who", value: "%FILTER_STATE(who:PLAIN)%" } } }],
          },
        }),
      ],
    };
    const script = (exchange: { respond(): void }) => exchange.respond();
    const proxied = await Proxied.start(test, { script, manager });
    const response = await (await proxied.client()).request({ headers: { "x-a": "me" } });
    assert.equal(response.header("x-who"), "me");
  });

  it("refuses keys that would do something in Envoy only", async (test) => {
    const fields = config(set("envoy.network.upstream_server_name", "x", { factory_key: "" }));
    await assert.rejects(start(test, fields), /upstream_server_name" has no meaning in Troupe/);
  });
});
