import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { RbacRuleData } from "../../../../src/extensions/rbac/rbac-data.ts";
import { createRbacEngine, rbacDenialDetails } from "../../../../src/extensions/rbac/rbac-engine.ts";
import type { RbacSubject } from "../../../../src/extensions/rbac/rbac-subject.ts";

const ANY: RbacRuleData = { type: "any" };
const NONE: RbacRuleData = { type: "not", rule: ANY };
const exact = (value: string) => ({ type: "exact", value, ignoreCase: false }) as const;

const SUBJECT: RbacSubject = {
  localAddress: "10.0.0.1:8080",
  connectionRemoteAddress: "192.0.2.1:1000",
  directRemoteAddress: "192.0.2.2:1000",
  remoteAddress: "192.0.2.3",
  requestedServerName: "acme.com",
  tls: null,
  peerNames: ["spiffe://a", "a.example", "CN=a"],
  dynamicMetadata: new Map([["ns", { a: { b: ["x", 3] } }]]),
  filterState: new Map([["tenant", "blue"]]),
  headers: { lookup: (name) => ({ ":path": "/api/v1?q=1", "x-user": "ada" })[name] },
};

function matches(rule: RbacRuleData, subject: Partial<RbacSubject> = {}): boolean {
  const engine = createRbacEngine({
    type: "policies",
    action: "allow",
    policies: [{ name: "p", permissions: ANY, principals: rule }],
  });
  return engine.decide({ ...SUBJECT, ...subject }).allowed;
}

function ip(address: "destination" | "connectionRemote" | "directRemote" | "remote", at: string): RbacRuleData {
  return { type: "ip", address, range: { address: at, prefixLength: 32 } };
}

describe("An RBAC engine of policies", () => {
  it("allows what a policy matches with permission and principal, and nothing else", () => {
    const policy = (permissions: RbacRuleData, principals: RbacRuleData) =>
      createRbacEngine({
        type: "policies",
        action: "allow",
        policies: [{ name: "p", permissions, principals }],
      }).decide(SUBJECT);
    assert.deepEqual(policy(ANY, ANY), { allowed: true, policy: "p", shouldLog: false });
    for (const denied of [policy(ANY, NONE), policy(NONE, ANY)]) {
      assert.deepEqual(denied, { allowed: false, policy: "", shouldLog: false });
    }
    assert.equal(createRbacEngine({ type: "policies", action: "allow", policies: [] }).decide(SUBJECT).allowed, false);
  });

  it("denies what a policy matches, by the first one's name, if the action is to deny", () => {
    const policies = [
      { name: "first", permissions: ANY, principals: NONE },
      { name: "se cond", permissions: ANY, principals: ANY },
    ];
    const decision = createRbacEngine({ type: "policies", action: "deny", policies }).decide(SUBJECT);
    assert.deepEqual([decision.allowed, decision.policy], [false, "se cond"]);
    assert.equal(rbacDenialDetails(decision), "rbac_access_denied_matched_policy[se_cond]");
    assert.equal(rbacDenialDetails({ ...decision, policy: "" }), "rbac_access_denied_matched_policy[none]");
    assert.equal(createRbacEngine({ type: "policies", action: "deny", policies: [] }).decide(SUBJECT).allowed, true);
  });

  it("allows everything and says what matched, if the action is to log", () => {
    const engine = (principals: RbacRuleData) =>
      createRbacEngine({
        type: "policies",
        action: "log",
        policies: [{ name: "p", permissions: ANY, principals }],
      }).decide(SUBJECT);
    assert.deepEqual(engine(ANY), { allowed: true, policy: "p", shouldLog: true });
    assert.deepEqual(engine(NONE), { allowed: true, policy: "", shouldLog: false });
  });

  it("combines rules", () => {
    assert.equal(matches({ type: "and", rules: [ANY, ANY] }), true);
    assert.equal(matches({ type: "and", rules: [ANY, NONE] }), false);
    assert.equal(matches({ type: "or", rules: [NONE, ANY] }), true);
    assert.equal(matches({ type: "or", rules: [] }), false);
  });

  it("looks at the address that the rule names", () => {
    assert.equal(matches(ip("destination", "10.0.0.1")), true);
    assert.equal(matches(ip("connectionRemote", "192.0.2.1")), true);
    assert.equal(matches(ip("directRemote", "192.0.2.2")), true);
    assert.equal(matches(ip("remote", "192.0.2.3")), true);
    assert.equal(matches(ip("remote", "192.0.2.2")), false);
    const ipv6: RbacRuleData = { type: "ip", address: "remote", range: { address: "2001:db8::", prefixLength: 32 } };
    assert.equal(matches(ipv6, { remoteAddress: "2001:db8::7" }), true);
    assert.equal(matches(ipv6, { remoteAddress: "[2001:db8::7]:443" }), true);
    assert.equal(matches(ip("remote", "192.0.2.2"), { remoteAddress: "@socket" }), false);
  });

  it("looks at the destination port", () => {
    assert.equal(matches({ type: "port", start: 8080, end: 8081 }), true);
    assert.equal(matches({ type: "port", start: 8000, end: 8080 }), false);
    assert.equal(matches({ type: "port", start: 0, end: 65_536 }, { localAddress: "/run/socket" }), false);
  });

  it("looks at headers and paths of requests, and finds none in connections", () => {
    const header: RbacRuleData = {
      type: "header",
      matcher: {
        name: "x-user",
        match: { type: "string", matcher: exact("ada") },
        invert: false,
        treatMissingAsEmpty: false,
      },
    };
    const path: RbacRuleData = { type: "path", matcher: exact("/api/v1") };
    for (const rule of [header, path]) {
      assert.equal(matches(rule), true);
      assert.equal(matches(rule, { headers: null }), false);
    }
  });

  it("looks at the server name, filter state and certificate of the peer", () => {
    assert.equal(matches({ type: "serverName", matcher: exact("acme.com") }), true);
    assert.equal(matches({ type: "filterState", key: "tenant", matcher: exact("blue") }), true);
    assert.equal(matches({ type: "filterState", key: "none", matcher: exact("blue") }), false);
    for (const name of ["spiffe://a", "a.example", "CN=a"]) {
      assert.equal(matches({ type: "authenticated", matcher: exact(name) }), true);
    }
    assert.equal(matches({ type: "authenticated", matcher: exact("b") }), false);
    assert.equal(matches({ type: "authenticated", matcher: null }), true);
    assert.equal(matches({ type: "authenticated", matcher: null }, { peerNames: null }), false);
  });

  it("looks into metadata, along a path, into lists, and the other way round", () => {
    const rule = (value: object, invert = false, path = ["a", "b"]) =>
      ({ type: "metadata", matcher: { namespace: "ns", path, value, invert } }) as RbacRuleData;
    const list = (element: object) => ({ type: "list", element });
    assert.equal(matches(rule(list({ type: "string", matcher: exact("x") }))), true);
    assert.equal(matches(rule(list({ type: "range", start: 3, end: 4 }))), true);
    assert.equal(matches(rule(list({ type: "number", value: 4 }))), false);
    assert.equal(matches(rule(list({ type: "number", value: 4 }), true)), true);
    assert.equal(matches(rule({ type: "present", present: true })), true);
    assert.equal(matches(rule({ type: "present", present: true }, false, ["a", "toString"])), false);
    assert.equal(matches(rule({ type: "present", present: true }), { dynamicMetadata: null }), false);
  });
});
