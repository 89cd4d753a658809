import assert from "node:assert/strict";
import { createHmac, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { describe, it, type TestContext } from "node:test";
import { FakeClock } from "../../../../harness/fake-clock.ts";
import type { Proxied } from "../../proxied.ts";
import { filterChain, filtered, routeWith, typed } from "../filtered.ts";
import { metadataOf } from "../metadata-of.ts";

const RSA = generateKeyPairSync("rsa", { modulusLength: 2048 });
const OTHER = generateKeyPairSync("rsa", { modulusLength: 2048 });
const EC = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
const EC384 = generateKeyPairSync("ec", { namedCurve: "secp384r1" });
const ED = generateKeyPairSync("ed25519");
const SECRET = Buffer.from("a secret of thirty-two bytes ....");
const NOW_S = Date.UTC(2026, 0, 1) / 1000;

const jwk = (key: KeyObject, more: object = {}): object => ({ ...key.export({ format: "jwk" }), ...more });
const KEYS = [
  jwk(RSA.publicKey, { kid: "rsa" }),
  jwk(EC.publicKey, { kid: "ec" }),
  jwk(ED.publicKey, { kid: "ed" }),
  { kty: "oct", k: SECRET.toString("base64url"), kid: "hs", alg: "HS256" },
];
const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString("base64url");
const CLAIMS = { iss: "me", sub: "joe", aud: ["https://shop/", "other"], exp: NOW_S + 600, scope: "a b" };

function signed(header: object, claims: object, make: (text: Buffer) => Buffer): string {
  const text = `${encode(header)}.${encode(claims)}`;
  return `${text}.${make(Buffer.from(text)).toString("base64url")}`;
}
const rs256 = (claims: object = {}, key: KeyObject = RSA.privateKey, header: object = { kid: "rsa" }): string =>
  signed({ alg: "RS256", ...header }, { ...CLAIMS, ...claims }, (text) => sign("sha256", text, key));
const es = (alg: string, hash: string, key: KeyObject, kid: string): string =>
  signed({ alg, kid }, CLAIMS, (text) => sign(hash, text, { key, dsaEncoding: "ieee-p1363" }));
const hs256 = (key: Buffer | string, kid: string): string =>
  signed({ alg: "HS256", kid }, CLAIMS, (text) => createHmac("sha256", key).update(text).digest());

const local = (keys: readonly object[] = KEYS) => ({ local_jwks: { inline_string: JSON.stringify({ keys }) } });
const PROVIDER = { issuer: "me", ...local() };
const REQUIRED = { rules: [{ match: { prefix: "/" }, requires: { provider_name: "p" } }] };
const seen = (exchange: { target: string; headers: readonly unknown[]; respond(response: object): void }): void =>
  exchange.respond({ body: JSON.stringify([exchange.target, Object.fromEntries(exchange.headers as never)]) });

function start(test: TestContext, fields: object, provider: object = PROVIDER, options: object = {}): Promise<Proxied> {
  const config = { providers: { p: provider }, ...REQUIRED, ...fields };
  const clock = new FakeClock();
  return filtered(test, "jwt_authn", "JwtAuthentication", config, { script: seen, clock, ...options });
}

async function ask(proxied: Proxied, token: string | null, target = "/", more: Record<string, string> = {}) {
  const headers = { ...(token !== null && { authorization: `Bearer ${token}` }), ...more };
  return (await proxied.client()).request({ target, headers });
}

describe("The jwt_authn filter", () => {
  const good: readonly (readonly [string, string])[] = [
    ["RS256", rs256()],
    ["RS256 without key id", rs256({}, RSA.privateKey, {})],
    [
      "PS256",
      signed({ alg: "PS256", kid: "rsa" }, CLAIMS, (text) =>
        sign("sha256", text, { key: RSA.privateKey, padding: 6, saltLength: 32 }),
      ),
    ],
    ["ES256", es("ES256", "sha256", EC.privateKey, "ec")],
    ["EdDSA", signed({ alg: "EdDSA", kid: "ed" }, CLAIMS, (text) => sign(null, text, ED.privateKey))],
    ["HS256", hs256(SECRET, "hs")],
    ["no expiration", rs256({ exp: undefined })],
    ["just expired, within the skew", rs256({ exp: NOW_S - 50 })],
  ];
  for (const [what, token] of good) {
    it(`accepts a token: ${what}`, async (test) => {
      const proxied = await start(test, {});
      assert.equal((await ask(proxied, token)).status, 200);
      assert.equal(proxied.stat("http.ingress.jwt_authn.allowed"), 1);
    });
  }

  const publicPem = RSA.publicKey.export({ format: "pem", type: "spki" }) as string;
  const none = `${encode({ alg: "none" })}.${encode(CLAIMS)}.`;
  const bad: readonly (readonly [string, string | null, string])[] = [
    ["none at all", null, "Jwt is missing"],
    ["two parts", "a.b", "Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections"],
    ["a header that is no JSON", "YQ.YQ.YQ", "Jwt header is an invalid JSON"],
    ["no algorithm", `${encode({})}.${encode(CLAIMS)}.YQ`, "Jwt header [alg] field is required and must be a string"],
    ["alg none", none, "Jwt header [alg] is not supported"],
    ["another key", rs256({}, OTHER.privateKey), "Jwt verification fails"],
    [
      "an unknown key id",
      rs256({}, RSA.privateKey, { kid: "x" }),
      "Jwks doesn't have key to match kid or alg from Jwt",
    ],
    ["a public key used as a secret", hs256(publicPem, "rsa"), "Jwks doesn't have key to match kid or alg from Jwt"],
    [
      "another curve",
      es("ES384", "sha384", EC384.privateKey, "ec"),
      "Jwks doesn't have key to match kid or alg from Jwt",
    ],
    [
      "another algorithm than the key's",
      signed({ alg: "HS512", kid: "hs" }, CLAIMS, (text) => createHmac("sha512", SECRET).update(text).digest()),
      "Jwks doesn't have key to match kid or alg from Jwt",
    ],
    [
      "a changed payload",
      rs256().replace(/\.[^.]+\./, `.${encode({ ...CLAIMS, sub: "eve" })}.`),
      "Jwt verification fails",
    ],
    ["a cut signature", rs256().slice(0, -20), "Jwt verification fails"],
    ["crit", rs256({}, RSA.privateKey, { kid: "rsa", crit: ["x"] }), "Jwt verification fails"],
    ["another issuer", rs256({ iss: "you" }), "Jwt issuer is not configured"],
    ["expired", rs256({ exp: NOW_S - 61 }), "Jwt is expired"],
    ["not yet valid", rs256({ nbf: NOW_S + 61 }), "Jwt not yet valid"],
    ["a time that is none", rs256({ exp: "soon" }), "Jwt payload [exp] field is not an integer"],
  ];
  for (const [what, token, reason] of bad) {
    it(`refuses a token: ${what}`, async (test) => {
      const proxied = await start(test, {});
      const response = await ask(proxied, token, "/a?b");
      assert.deepEqual([response.status, response.body], [401, reason]);
      const error = token === null ? "" : ', error="invalid_token"';
      assert.equal(response.header("www-authenticate"), `Bearer realm="http://test/a?b"${error}`);
      assert.equal((await proxied.logged()).details, `jwt_authn_access_denied{${reason.replaceAll(" ", "_")}}`);
      assert.equal(proxied.stat("http.ingress.jwt_authn.denied"), 1);
      assert.equal(proxied.upstream.requestCount, 0);
    });
  }

  it("checks audience, subject and lifetime", async (test) => {
    const cases: readonly (readonly [object, object, number])[] = [
      [{ audiences: ["shop"] }, {}, 200],
      [{ audiences: ["http://shop"] }, { aud: "shop/" }, 200],
      [{ audiences: ["bank"] }, {}, 403],
      [{ audiences: ["bank"] }, { aud: undefined }, 403],
      [{ subjects: { prefix: "jo" } }, {}, 200],
      [{ subjects: { exact: "eve" } }, {}, 401],
      [{ require_expiration: true }, { exp: undefined }, 401],
      [{ max_lifetime: "601s" }, {}, 200],
      [{ max_lifetime: "599s" }, {}, 401],
      [{ max_lifetime: "599s" }, { exp: undefined }, 401],
      [{ clock_skew_seconds: 10 }, { exp: NOW_S - 11 }, 401],
    ];
    for (const [fields, claims, status] of cases) {
      const proxied = await start(test, {}, { ...PROVIDER, ...fields });
      const response = await ask(proxied, rs256(claims));
      assert.equal(response.status, status, JSON.stringify([fields, claims]));
    }
  });

  it("finds tokens where its configuration says, and takes them out unless they are forwarded", async (test) => {
    const places = { from_headers: [{ name: "x-token", value_prefix: "T:" }], from_params: ["t"], from_cookies: ["c"] };
    const token = rs256();
    const proxied = await start(test, {}, { ...PROVIDER, ...places });
    const told = async (target: string, headers: Record<string, string>): Promise<[number, string[]]> => {
      const response = await ask(proxied, null, target, headers);
      return [response.status, response.status === 200 ? (JSON.parse(response.body) as string[]) : []];
    };
    const [status, [, headers]] = await told("/", { "x-token": `a T:${token}, b` });
    assert.deepEqual([status, (headers as unknown as Record<string, string>)["x-token"]], [200, undefined]);
    assert.deepEqual((await told(`/p?a=1&t=${token}&b=2`, {}))[1][0], "/p?a=1&b=2");
    assert.deepEqual((await told(`/p?t=${token}`, {}))[1][0], "/p");
    assert.equal((await told("/", { cookie: `a=b; c=${token}` }))[0], 200);
    assert.equal((await told("/", { authorization: `Bearer ${token}` }))[0], 401);
    assert.equal((await told(`/?t=${token}`, { cookie: "c=bad" }))[0], 401);
    const forwarding = await start(test, {}, { ...PROVIDER, forward: true });
    assert.match((await ask(forwarding, token)).body, new RegExp(`Bearer ${token}`));
    assert.equal((await ask(forwarding, null, `/?access_token=${token}`)).status, 200);
  });

  it("hands on payload and claims, and nobody else can", async (test) => {
    const claims = { nested: { n: 5, list: [1] }, text: "a\r\nb: c" };
    const provider = {
      ...PROVIDER,
      forward_payload_header: "x-payload",
      pad_forward_payload_header: true,
      payload_in_metadata: "payload",
      header_in_metadata: "header",
      claim_to_headers: [
        { header_name: "x-sub", claim_name: "sub" },
        { header_name: "x-n", claim_name: "nested.n" },
        { header_name: "x-list", claim_name: "nested.list" },
        { header_name: "x-text", claim_name: "text" },
        { header_name: "x-none", claim_name: "nested.n.m" },
      ],
    };
    const rules = {
      rules: [{ match: { prefix: "/in" }, requires: { provider_name: "p" } }, { match: { prefix: "/" } }],
    };
    const proxied = await start(test, rules, provider);
    const forged = { "x-sub": "admin", "x-payload": "forged", "x-none": "forged" };
    const [, headers] = JSON.parse((await ask(proxied, rs256(claims), "/in", forged)).body);
    assert.deepEqual(
      ["x-sub", "x-n", "x-list", "x-text", "x-none"].map((name) => headers[name]),
      ["joe", "5", Buffer.from("[1]").toString("base64url"), "ab: c", undefined],
    );
    assert.equal(headers["x-payload"].length % 4, 0);
    assert.deepEqual(JSON.parse(Buffer.from(headers["x-payload"], "base64").toString()).sub, "joe");
    const noted = (await metadataOf(proxied, "envoy.filters.http.jwt_authn")) as Record<
      string,
      { sub?: string; alg?: string }
    >;
    assert.deepEqual([noted.payload?.sub, noted.header?.alg], ["joe", "RS256"]);
    const [, open] = JSON.parse((await ask(proxied, null, "/out", forged)).body);
    assert.deepEqual([open["x-sub"], open["x-payload"]], [undefined, undefined]);
  });

  it("combines requirements", async (test) => {
    const providers = { p: PROVIDER, q: { issuer: "you", ...local(), from_headers: [{ name: "x-q" }] } };
    const p = { provider_name: "p" };
    const q = { provider_name: "q" };
    const any = (...requirements: object[]) => ({ requires_any: { requirements } });
    const mine = { authorization: `Bearer ${rs256()}` };
    const bad = { authorization: "Bearer a.b.c" };
    const yours = { "x-q": rs256({ iss: "you" }) };
    const cases: readonly (readonly [object, Record<string, string>, number])[] = [
      [any(p, q), mine, 200],
      [any(p, q), yours, 200],
      [any(p, q), {}, 401],
      [{ requires_all: { requirements: [p, q] } }, { ...mine, ...yours }, 200],
      [{ requires_all: { requirements: [p, q] } }, mine, 401],
      [any(p, { allow_missing: {} }), {}, 200],
      [any(p, { allow_missing: {} }), bad, 401],
      [any(p, { allow_missing_or_failed: {} }), bad, 200],
      [{ allow_missing: {} }, {}, 200],
      [{ allow_missing: {} }, mine, 200],
      [{ allow_missing: {} }, bad, 401],
      [{ allow_missing: {} }, { authorization: `Bearer ${rs256({ iss: "nobody" })}` }, 401],
      [{ allow_missing_or_failed: {} }, bad, 200],
      [{ provider_and_audiences: { provider_name: "p", audiences: ["bank"] } }, mine, 403],
    ];
    for (const [requires, headers, status] of cases) {
      const proxied = await start(test, { providers, rules: [{ match: { prefix: "/" }, requires }] });
      assert.equal(
        (await ask(proxied, null, "/", headers)).status,
        status,
        JSON.stringify([requires, Object.keys(headers)]),
      );
    }
  });

  it("takes the first rule that matches, or the requirement that the route names", async (test) => {
    const fields = {
      rules: [
        { match: { path: "/free" } },
        { match: { prefix: "/x", headers: [{ name: "x-a", present_match: true }] }, requirement_name: "strict" },
      ],
      requirement_map: { strict: { provider_name: "p" } },
    };
    const routes = [
      routeWith("/route", "jwt_authn", "PerRouteConfig", { requirement_name: "strict" }),
      routeWith("/wrong", "jwt_authn", "PerRouteConfig", { requirement_name: "typo" }),
      { match: { prefix: "/" }, route: { cluster: "app" } },
    ];
    const proxied = await start(test, fields, PROVIDER, { routes });
    const status = async (target: string, headers: Record<string, string> = {}) =>
      (await ask(proxied, null, target, headers)).status;
    assert.equal(await status("/free?a"), 200);
    assert.equal(await status("/x"), 200);
    assert.equal(await status("/x", { "x-a": "1" }), 401);
    assert.equal(await status("/route"), 401);
    const wrong = await ask(proxied, null, "/wrong");
    const text = "Failed JWT authentication: Wrong requirement_name: typo. Correct names: strict";
    assert.deepEqual([wrong.status, wrong.body], [403, text]);
    const disabled = [routeWith("/", "jwt_authn", "PerRouteConfig", { disabled: true })];
    assert.equal((await ask(await start(test, {}, PROVIDER, { routes: disabled }), null)).status, 200);
  });

  it("takes the requirement of the filter state where no rule matches", async (test) => {
    const formatString = { text_format_source: { inline_string: "%REQ(x-tenant)%" } };
    const state = { object_key: "tenant", factory_key: "envoy.string", format_string: formatString };
    const requires = {
      strict: { provider_name: "p" },
      "b\u00e4r": { provider_name: "p" },
      open: { allow_missing: {} },
    };
    const http_filters = [
      { name: "state", typed_config: typed("set_filter_state", "Config", { on_request_headers: [state] }) },
      ...filterChain("jwt_authn", "JwtAuthentication", {
        providers: { p: PROVIDER },
        rules: [{ match: { prefix: "/free" } }],
        filter_state_rules: { name: "tenant", requires },
      }),
    ];
    const proxied = await start(test, {}, PROVIDER, { manager: { http_filters } });
    const status = async (tenant: string, target = "/") =>
      (await ask(proxied, null, target, { "x-tenant": tenant })).status;
    const tenants = ["strict", "b\u00c3\u00a4r", "open", "unknown"];
    assert.deepEqual(await Promise.all(tenants.map((tenant) => status(tenant))), [401, 401, 200, 200]);
    assert.equal(await status("strict", "/free"), 200);
  });

  it("says in the metadata what is wrong with a token", async (test) => {
    const provider = { ...PROVIDER, failed_status_in_metadata: "why" };
    const requires = { requires_any: { requirements: [{ provider_name: "p" }, { allow_missing_or_failed: {} }] } };
    const proxied = await start(test, { rules: [{ match: { prefix: "/" }, requires }] }, provider);
    const tokens = [rs256({ exp: NOW_S - 61 }), "a.b", null, rs256()];
    const found: unknown[] = [];
    for (const [at, token] of tokens.entries()) {
      assert.equal((await ask(proxied, token)).status, 200);
      found.push(await metadataOf(proxied, "envoy.filters.http.jwt_authn", at));
    }
    assert.deepEqual(found, [
      { why: { code: 3, message: "Jwt is expired" } },
      {
        why: {
          code: 4,
          message: "Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections",
        },
      },
      { why: { code: 1, message: "Jwt is missing" } },
      {},
    ]);
  });

  it("lets preflights pass if it is told to, and says nothing if it is told to", async (test) => {
    const proxied = await start(test, { bypass_cors_preflight: true, strip_failure_response: true });
    const headers = { origin: "http://a", "access-control-request-method": "PUT" };
    const preflight = await (await proxied.client()).request({ method: "OPTIONS", headers });
    assert.equal(preflight.status, 200);
    assert.equal(proxied.stat("http.ingress.jwt_authn.cors_preflight_bypassed"), 1);
    const refused = await ask(proxied, null);
    assert.deepEqual([refused.status, refused.body, refused.header("www-authenticate")], [401, "", undefined]);
  });

  const refused: readonly (readonly [object, object, RegExp])[] = [
    [{}, { issuer: "me" }, /one of remote_jwks, local_jwks is required/],
    [{}, { local_jwks: { inline_string: "{}" } }, /is no JSON Web Key Set/],
    [{}, { local_jwks: { inline_string: '{"keys":[{"kty":"RSA"}]}' } }, /holds no key/],
    [{ rules: [{ match: { prefix: "/" }, requires: { provider_name: "q" } }] }, PROVIDER, /no provider "q"/],
    [{ rules: [{ match: { prefix: "/" }, requirement_name: "r" }] }, PROVIDER, /no "r" in requirement_map/],
    [{ rules: [{ match: { prefix: "/" }, requires: {} }] }, PROVIDER, /requires nothing/],
    [{}, { remote_jwks: { http_uri: { uri: "http://a/", cluster: "none", timeout: "1s" } } }, /"none"|none/],
  ];
  for (const [fields, provider, problem] of refused) {
    it(`refuses a configuration: ${problem.source}`, async (test) => {
      await assert.rejects(start(test, fields, provider), problem);
    });
  }
});
