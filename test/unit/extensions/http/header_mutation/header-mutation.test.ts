import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import type { UpstreamScript } from "../../../../harness/fake-upstream.ts";
import { Proxied, type ProxiedOptions } from "../../proxied.ts";

const TYPE = "type.googleapis.com/envoy.extensions.filters.http.header_mutation.v3.HeaderMutation";
const ROUTER = {
  name: "envoy.filters.http.router",
  typed_config: { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" },
};

const add = (key: string, value: string, action = "APPEND_IF_EXISTS_OR_ADD"): object => ({
  append: { header: { key, value }, append_action: action },
});
const remove = (name: string): object => ({ remove: name });
const ofRoute = (mutations: object): object => ({
  typed_per_filter_config: { mutate: { "@type": `${TYPE}PerRoute`, mutations } },
});

/** Says which request headers of the form `x-…` came. */
const tell: UpstreamScript = (exchange) => {
  const own = exchange.headers.filter(([name]) => /^x-[a-d]$/.test(name));
  exchange.respond({ body: own.map(([name, value]) => `${name}=${value}`).join(" "), headers: { "x-up": "1" } });
};

function mutated(test: TestContext, filter: object, options: ProxiedOptions = {}) {
  const http_filters = [{ name: "mutate", typed_config: { "@type": TYPE, ...filter } }, ROUTER];
  return Proxied.start(test, { script: tell, ...options, manager: { http_filters } });
}

/** The mutations of all levels, each writing its own name into the same header. */
function allLevels(action: string): ProxiedOptions {
  const at = (level: string): object => ofRoute({ request_mutations: [add("x-a", level, action)] });
  const cluster = { clusters: [{ name: "app", weight: 1, ...at("weighted") }] };
  return {
    routeConfig: at("table"),
    host: at("host"),
    routes: [{ match: { prefix: "/" }, route: { weighted_clusters: cluster }, ...at("route") }],
  };
}

describe("The header_mutation filter", () => {
  it("makes its mutations in the order they are written", async (test) => {
    const proxied = await mutated(test, {
      mutations: {
        request_mutations: [
          add("x-a", "1"),
          remove("x-a"),
          add("x-a", "2"),
          add("x-a", "3"),
          add("x-b", "new", "OVERWRITE_IF_EXISTS"),
          add("x-c", "new", "ADD_IF_ABSENT"),
          add("x-d", "%REQ(x-c)%"),
        ],
        response_mutations: [add("x-status", "%RESPONSE_CODE% %RESP(x-up)%"), remove("x-up")],
      },
    });
    const response = await (await proxied.client()).request({ headers: { "x-a": "0", "x-c": "old" } });
    assert.equal(response.body, "x-c=old x-a=2 x-a=3 x-d=old");
    assert.equal(response.header("x-up"), undefined);
    assert.match(response.header("x-status") ?? "", / 1$/);
  });

  it("lets the most general level win, unless it is told otherwise", async (test) => {
    const general = await mutated(test, {}, allLevels("OVERWRITE_IF_EXISTS_OR_ADD"));
    assert.equal((await (await general.client()).request()).body, "x-a=table");
    const specific = await mutated(
      test,
      { most_specific_header_mutations_wins: true },
      allLevels("OVERWRITE_IF_EXISTS_OR_ADD"),
    );
    assert.equal((await (await specific.client()).request()).body, "x-a=weighted");
  });

  it("applies all levels after the filter's own mutations", async (test) => {
    const mutations = { request_mutations: [add("x-a", "filter")] };
    const proxied = await mutated(test, { mutations }, allLevels("APPEND_IF_EXISTS_OR_ADD"));
    const response = await (await proxied.client()).request();
    assert.equal(response.body, "x-a=filter x-a=weighted x-a=route x-a=host x-a=table");
  });

  it("changes answers that the proxy makes itself, by filter and route", async (test) => {
    const routes = [
      {
        match: { prefix: "/" },
        direct_response: { status: 200 },
        ...ofRoute({ response_mutations: [add("x-route", "1")] }),
      },
    ];
    const proxied = await mutated(test, { mutations: { response_mutations: [add("x-filter", "1")] } }, { routes });
    const client = await proxied.client();
    const response = await client.request();
    assert.equal(response.header("x-route"), "1");
    assert.equal(response.header("x-filter"), "1");
    const refused = await client.request({ target: "/a#b" });
    assert.equal(refused.status, 400);
    assert.equal(refused.header("x-filter"), "1");
  });

  const refused: readonly (readonly [string, object, RegExp])[] = [
    ["the host", add("host", "x"), /request_mutations\[0\]\.append\.header\.key: "host" may not be added or removed/],
    ["a pseudo-header", remove(":path"), /request_mutations\[0\]\.remove: ":path" may not be added or removed/],
    ["framing", add("Content-Length", "1"), /"content-length" is set by Troupe alone/],
    ["no name", remove("a b"), /"a b" is not a header name/],
  ];
  for (const [name, mutation, problem] of refused) {
    it(`refuses to change ${name}`, async (test) => {
      await assert.rejects(mutated(test, { mutations: { request_mutations: [mutation] } }), problem);
    });
  }
});
