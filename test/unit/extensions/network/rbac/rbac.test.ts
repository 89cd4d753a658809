import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { networkFilter, TcpPath, tcpConfig } from "../tcp-path.ts";

const ANY = [{ any: true }];
const ECHO = networkFilter("echo", "Echo");
const loopbackRange = { address_prefix: "127.0.0.0", prefix_len: 8 };
const farRange = { address_prefix: "203.0.113.0", prefix_len: 24 };

function policies(principal: object, permissions: readonly object[] = ANY): object {
  return { p: { permissions, principals: [principal] } };
}

function start(test: TestContext, fields: object): Promise<TcpPath> {
  return TcpPath.start(test, tcpConfig([networkFilter("rbac", "RBAC", { stat_prefix: "tcp_in", ...fields }), ECHO]));
}

describe("envoy.filters.network.rbac", () => {
  it("lets connections through that a policy allows", async (t) => {
    const tcp = await start(t, { rules: { policies: policies({ direct_remote_ip: loopbackRange }) } });
    const client = await tcp.client();
    client.write("a");
    await client.untilText("a");
    client.write("b");
    await client.untilText("ab");
    assert.deepEqual([tcp.stat("tcp_in.rbac.allowed"), tcp.stat("tcp_in.rbac.denied")], [1, 0]);
  });

  it("cuts connections that no policy allows when their first bytes come", async (t) => {
    const tcp = await start(t, { rules: { policies: policies({ direct_remote_ip: farRange }) } });
    const client = await tcp.client();
    assert.equal(client.closed, false);
    client.write("a");
    await client.untilEnded();
    assert.equal(client.text, "");
    assert.deepEqual([tcp.stat("tcp_in.rbac.allowed"), tcp.stat("tcp_in.rbac.denied")], [0, 1]);
  });

  it("cuts connections that a policy denies", async (t) => {
    const tcp = await start(t, { rules: { action: "DENY", policies: policies({ remote_ip: loopbackRange }) } });
    const client = await tcp.client();
    client.write("a");
    await client.untilEnded();
    assert.equal(tcp.stat("tcp_in.rbac.denied"), 1);
  });

  it("decides by a match tree, which knows no requests", async (t) => {
    const typed = (type: string, fields: object = {}): object => ({
      name: "any",
      typed_config: { "@type": `type.googleapis.com/${type}`, ...fields },
    });
    const tree = (input: object, outcome: string): object => ({
      matcher_tree: {
        input,
        prefix_match_map: {
          map: { "127.": { action: typed("envoy.config.rbac.v3.Action", { name: "local", action: outcome }) } },
        },
      },
    });
    const source = typed("envoy.extensions.matching.common_inputs.network.v3.SourceIPInput");
    const allowed = await start(t, { matcher: tree(source, "ALLOW") });
    const client = await allowed.client();
    client.write("a");
    await client.untilText("a");
    const denied = await start(t, { matcher: tree(source, "DENY") });
    const other = await denied.client();
    other.write("a");
    await other.untilEnded();
    assert.deepEqual([allowed.stat("tcp_in.rbac.allowed"), denied.stat("tcp_in.rbac.denied")], [1, 1]);
    const header = typed("envoy.type.matcher.v3.HttpRequestHeaderMatchInput", { header_name: "a" });
    await assert.rejects(start(t, { matcher: tree(header, "ALLOW") }), /input: a connection has no request/);
  });

  it("counts what shadow rules would do, under their prefix, and lets everything through", async (t) => {
    const tcp = await start(t, {
      shadow_rules: { policies: policies({ source_ip: farRange }) },
      shadow_rules_stat_prefix: "trial_",
    });
    const client = await tcp.client();
    client.write("a");
    await client.untilText("a");
    assert.deepEqual(
      ["trial_.shadow_denied", "trial_.shadow_allowed", "allowed"].map((name) => tcp.stat(`tcp_in.rbac.${name}`)),
      [1, 0, 0],
    );
  });

  it("decides each piece of data anew if it is to be continuous", async (t) => {
    const tcp = await start(t, { enforcement_type: "CONTINUOUS", rules: { policies: policies({ any: true }) } });
    const client = await tcp.client();
    client.write("a");
    await client.untilText("a");
    client.write("b");
    await client.untilText("ab");
    assert.equal(tcp.stat("tcp_in.rbac.allowed"), 2);
  });

  it("allows everything and counts nothing without rules", async (t) => {
    const tcp = await start(t, {});
    const client = await tcp.client();
    client.write("a");
    await client.untilText("a");
    assert.equal(tcp.stat("tcp_in.rbac.allowed"), 0);
  });

  for (const [rule, name] of [
    [{ header: { name: "x-a", present_match: true } }, "header"],
    [{ url_path: { path: { exact: "/" } } }, "url_path"],
  ] as const) {
    it(`refuses rules about ${name}: a connection has none`, async (t) => {
      const refused = start(t, { rules: { policies: policies(rule) } });
      await assert.rejects(refused, new RegExp(`principals\\[0\\]\\.${name}: a connection has no request`));
    });
  }

  it("refuses matchers and conditions that are not there, by name", async (t) => {
    const matcher = { name: "m", typed_config: { "@type": "type.googleapis.com/google.protobuf.Empty" } };
    const refused = start(t, { rules: { policies: policies({ any: true }, [{ matcher }]) } });
    await assert.rejects(refused, /permissions\[0\]\.matcher.*not supported yet/s);
  });
});
