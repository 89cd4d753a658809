import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import type { Proxied } from "../../proxied.ts";
import { filtered } from "../filtered.ts";
import { metadataOf } from "../metadata-of.ts";

const TYPES = "type.googleapis.com";
const NETWORK = "envoy.extensions.matching.common_inputs.network.v3";
const typed = (type: string, fields: object = {}) => ({
  name: "any",
  typed_config: { "@type": `${TYPES}/${type}`, ...fields },
});
const headerInput = (header_name: string) =>
  typed("envoy.type.matcher.v3.HttpRequestHeaderMatchInput", { header_name });
const action = (name: string, what: string) => ({
  action: typed("envoy.config.rbac.v3.Action", { name, action: what }),
});
const value = (input: object, matcher: object) => ({ single_predicate: { input, value_match: matcher } });
const ip = (input: object, address_prefix: string) => ({
  single_predicate: {
    input,
    custom_match: typed("envoy.extensions.matching.input_matchers.ip.v3.Ip", {
      stat_prefix: "ip",
      cidr_ranges: [{ address_prefix, prefix_len: 8 }],
    }),
  },
});
const branch = (predicate: object, on_match: object) => ({ predicate, on_match });
const list = (...matchers: object[]) => ({ matcher_list: { matchers } });

function start(test: TestContext, fields: object): Promise<Proxied> {
  return filtered(test, "rbac", "RBAC", fields);
}

async function statuses(proxied: Proxied, requests: readonly Record<string, string>[]): Promise<number[]> {
  const client = await proxied.client();
  const seen: number[] = [];
  for (const { target = "/", ...headers } of requests) seen.push((await client.request({ target, headers })).status);
  return seen;
}

const stats = (proxied: Proxied, ...names: string[]) => names.map((name) => proxied.stat(`http.ingress.rbac.${name}`));

describe("The HTTP rbac filter with a match tree", () => {
  it("does what the branch says, and denies what none takes", async (test) => {
    const matcher = list(
      branch(value(headerInput("x-user"), { exact: "EVE", ignore_case: true }), action("no eve", "DENY")),
      branch(
        {
          and_matcher: {
            predicate: [
              value(headerInput(":path"), { prefix: "/in" }),
              ip(typed(`${NETWORK}.SourceIPInput`), "127.0.0.0"),
            ],
          },
        },
        action("insiders", "ALLOW"),
      ),
      branch({ not_matcher: ip(typed(`${NETWORK}.DestinationIPInput`), "127.0.0.0") }, action("elsewhere", "ALLOW")),
    );
    const proxied = await start(test, { matcher, track_per_rule_stats: true });
    const asked = [{ target: "/in" }, { target: "/in", "x-user": "eve" }, { target: "/out" }];
    assert.deepEqual(await statuses(proxied, asked), [200, 403, 403]);
    await proxied.logged(3);
    assert.deepEqual(
      proxied.path.logged.map(({ details }) => details),
      ["via_upstream", "rbac_access_denied_matched_policy[no_eve]", "rbac_access_denied_matched_policy[none]"],
    );
    assert.deepEqual(await metadataOf(proxied, "envoy.filters.http.rbac"), {
      enforced_engine_result: "allowed",
      enforced_effective_policy_id: "insiders",
    });
    assert.deepEqual(
      stats(proxied, "allowed", "denied", "policy.insiders.allowed", "policy.no eve.denied"),
      [1, 2, 1, 1],
    );
  });

  it("looks up maps, goes on into other trees, and says what is to be logged", async (test) => {
    const inner = {
      matcher_tree: {
        input: headerInput("x-tenant"),
        exact_match_map: { map: { blue: action("blue", "LOG"), red: action("red", "ALLOW") } },
      },
      on_no_match: action("others", "DENY"),
    };
    const matcher = {
      matcher_tree: {
        input: headerInput(":path"),
        prefix_match_map: { map: { "/t": { matcher: inner }, "/t/open": action("open", "ALLOW") } },
      },
    };
    const proxied = await start(test, { matcher });
    const asked = [
      { target: "/t", "x-tenant": "blue" },
      { target: "/t", "x-tenant": "red" },
      { target: "/t" },
      { target: "/t/open" },
      { target: "/" },
    ];
    assert.deepEqual(await statuses(proxied, asked), [200, 200, 403, 200, 403]);
    const hints = await Promise.all([0, 1].map((at) => metadataOf(proxied, "envoy.common", at)));
    assert.deepEqual(hints, [{ access_log_hint: true }, { access_log_hint: false }]);
    assert.deepEqual(stats(proxied, "logged", "not_logged"), [1, 4]);
  });

  it("only counts a shadow tree", async (test) => {
    const shadow_matcher = list(
      branch(value(headerInput("x-user"), { safe_regex: { google_re2: {}, regex: "a+" } }), action("a", "ALLOW")),
    );
    const proxied = await start(test, { shadow_matcher });
    assert.deepEqual(await statuses(proxied, [{ "x-user": "aaa" }, { "x-user": "b" }]), [200, 200]);
    assert.deepEqual(stats(proxied, "shadow_allowed", "shadow_denied"), [1, 1]);
  });

  it("is refused with what it can't look at", async (test) => {
    const where = /matcher\.matcher_list\.matchers\[0\]\.predicate\.single_predicate\.input\.typed_config/;
    const response = typed("envoy.type.matcher.v3.HttpResponseHeaderMatchInput", { header_name: "a" });
    await assert.rejects(
      start(test, { matcher: list(branch(value(response, { exact: "a" }), action("a", "ALLOW"))) }),
      where,
    );
    const bad = list(
      branch(value(headerInput("a"), { safe_regex: { google_re2: {}, regex: "(" } }), action("a", "ALLOW")),
    );
    await assert.rejects(start(test, { matcher: bad }), /value_match\.safe_regex\.regex: invalid regex/);
    let deep: object = list(branch(value(headerInput("a"), { exact: "a" }), action("a", "ALLOW")));
    for (let i = 0; i < 33; i++) deep = list(branch(value(headerInput("a"), { exact: "a" }), { matcher: deep }));
    await assert.rejects(start(test, { matcher: deep }), /nest|deep/);
  });
});
