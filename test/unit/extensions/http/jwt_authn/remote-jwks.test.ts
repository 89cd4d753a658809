import assert from "node:assert/strict";
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { describe, it, type TestContext } from "node:test";
import { FakeClock } from "../../../../harness/fake-clock.ts";
import { FakeUpstream, hanging, type UpstreamScript } from "../../../../harness/fake-upstream.ts";
import { loopback, sampleCluster } from "../../../../harness/sample-bootstrap.ts";
import { until } from "../../../../harness/until.ts";
import type { Proxied } from "../../proxied.ts";
import { filtered } from "../filtered.ts";
import { metadataOf } from "../metadata-of.ts";

const ONE = generateKeyPairSync("rsa", { modulusLength: 2048 });
const TWO = generateKeyPairSync("rsa", { modulusLength: 2048 });

const keySet = (...keys: KeyObject[]): string =>
  JSON.stringify({ keys: keys.map((key) => ({ ...key.export({ format: "jwk" }), alg: "RS256" })) });
const giving =
  (body: string, status = 200): UpstreamScript =>
  (exchange) =>
    exchange.respond({ status, body });

function token(key: KeyObject, claims: object = {}): string {
  const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString("base64url");
  const text = `${encode({ alg: "RS256" })}.${encode({ iss: "me", ...claims })}`;
  return `${text}.${sign("sha256", Buffer.from(text), key).toString("base64url")}`;
}

interface Scene {
  readonly proxied: Proxied;
  readonly service: FakeUpstream;
  readonly clock: FakeClock;
}

/** A proxy that asks for tokens whose keys come from a service. */
async function start(t: TestContext, script: UpstreamScript, remote: object = {}, fields: object = {}): Promise<Scene> {
  const service = await FakeUpstream.start(script);
  t.after(() => service.close());
  const http_uri = { uri: "https://keys.test/jwks?v=1", cluster: "keys", timeout: "5s" };
  const provider = { issuer: "me", payload_in_metadata: "claims", remote_jwks: { http_uri, ...remote } };
  const config = {
    providers: { p: { ...provider, ...fields } },
    rules: [{ match: { prefix: "/" }, requires: { provider_name: "p" } }],
  };
  const clock = new FakeClock();
  const clusters = [sampleCluster("keys", [loopback(service.port)])];
  const script2: UpstreamScript = (exchange) => exchange.respond({ body: "up" });
  const proxied = await filtered(t, "jwt_authn", "JwtAuthentication", config, { clusters, clock, script: script2 });
  return { proxied, service, clock };
}

async function ask({ proxied }: Scene, text: string, body?: string) {
  const headers = { authorization: `Bearer ${text}` };
  return (await proxied.client()).request({ headers, ...(body !== undefined && { method: "POST", body }) });
}

const fetched = ({ proxied }: Scene): number[] =>
  ["success", "failed"].map((name) => proxied.stat(`http.ingress.jwt_authn.jwks_fetch_${name}`));

describe("The jwt_authn filter with remote keys", () => {
  it("fetches them once for all requests that need them, and holds those meanwhile", async (t) => {
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const scene = await start(t, async (exchange) => {
      await held;
      exchange.respond({ body: keySet(ONE.publicKey) });
    });
    const answers = [0, 1, 2].map((i) => ask(scene, token(ONE.privateKey), `body ${i}`));
    const bad = ask(scene, token(TWO.privateKey));
    await until("the question", () => scene.service.requestCount === 1);
    release();
    assert.deepEqual(
      (await Promise.all(answers)).map(({ status }) => status),
      [200, 200, 200],
    );
    assert.equal((await bad).status, 401);
    assert.equal((await ask(scene, token(ONE.privateKey))).status, 200);
    assert.match(scene.service.received, /^GET \/jwks\?v=1 HTTP\/1.1\r\nhost: keys.test\r\n/);
    assert.equal(scene.service.requestCount, 1);
    assert.deepEqual(fetched(scene), [1, 0]);
    assert.match(scene.proxied.upstream.received, /body 2/);
  });

  it("fetches nothing for requests without a token or with one that is over", async (t) => {
    const scene = await start(t, giving(keySet(ONE.publicKey)));
    assert.equal((await (await scene.proxied.client()).request()).status, 401);
    assert.equal((await ask(scene, token(ONE.privateKey, { exp: 1 }))).status, 401);
    assert.equal((await ask(scene, token(ONE.privateKey, { iss: "other" }))).status, 401);
    assert.equal(scene.service.requestCount, 0);
  });

  it("keeps them for the time configured", async (t) => {
    const scene = await start(t, giving(keySet(ONE.publicKey)), { cache_duration: "60s" });
    await ask(scene, token(ONE.privateKey));
    scene.service.setScript(giving(keySet(TWO.publicKey)));
    scene.clock.advance(59_000);
    assert.equal((await ask(scene, token(ONE.privateKey))).status, 200);
    scene.clock.advance(1010);
    assert.equal((await ask(scene, token(ONE.privateKey))).status, 401);
    assert.equal((await ask(scene, token(TWO.privateKey))).status, 200);
    assert.deepEqual(fetched(scene), [2, 0]);
  });

  for (const [what, script] of [
    ["answers 404", giving(keySet(ONE.publicKey), 404)],
    ["gives no keys", giving("{}")],
    ["gives keys for nothing", giving('{"keys":[{"kty":"EC"}]}')],
    ["gives too much", giving(`{"keys":[],"x":"${"x".repeat(1 << 20)}"}`)],
    ["resets", (exchange) => exchange.reset()],
  ] satisfies [string, UpstreamScript][]) {
    it(`refuses tokens when the service ${what}, and asks again for the next`, async (t) => {
      const scene = await start(t, script);
      const answer = await ask(scene, token(ONE.privateKey));
      assert.deepEqual([answer.status, answer.body], [401, "Jwks remote fetch is failed"]);
      assert.deepEqual(fetched(scene), [0, 1]);
      scene.service.setScript(giving(keySet(ONE.publicKey)));
      assert.equal((await ask(scene, token(ONE.privateKey))).status, 200);
    });
  }

  it("waits no longer than the timeout of the URI", async (t) => {
    const scene = await start(t, hanging);
    const answer = ask(scene, token(ONE.privateKey));
    await until("the question", () => scene.service.requestCount === 1);
    scene.clock.advance(5010);
    assert.equal((await answer).status, 401);
    assert.deepEqual(fetched(scene), [0, 1]);
  });

  it("tries again as the retry policy says", async (t) => {
    let count = 0;
    const retry_policy = { num_retries: 2, retry_back_off: { base_interval: "0.1s", max_interval: "1s" } };
    const scene = await start(
      t,
      (exchange) => exchange.respond(++count < 3 ? { status: 503 } : { body: keySet(ONE.publicKey) }),
      { retry_policy },
    );
    const answer = ask(scene, token(ONE.privateKey));
    for (let retries = 1; retries <= 2; retries++) {
      await until("a retry", () => scene.proxied.stat("cluster.keys.upstream_rq_retry") === retries);
      scene.clock.advance(400);
    }
    assert.equal((await answer).status, 200);
    assert.deepEqual(fetched(scene), [1, 0]);
  });

  it("fetches in the background before they are needed, and again before they are too old", async (t) => {
    const remote = { async_fetch: { failed_refetch_duration: "2s" }, cache_duration: "60s" };
    const scene = await start(t, giving("", 500), remote);
    scene.clock.advance(60);
    await until("the first fetch", () => fetched(scene)[1] === 1);
    scene.service.setScript(giving(keySet(ONE.publicKey)));
    scene.clock.advance(2010);
    await until("the second fetch", () => fetched(scene)[0] === 1);
    scene.clock.advance(55_010);
    await until("the third fetch", () => fetched(scene)[0] === 2);
    assert.equal((await ask(scene, token(ONE.privateKey))).status, 200);
    assert.equal(scene.service.requestCount, 3);
  });

  it("forgets a request that has left", async (t) => {
    const scene = await start(t, hanging);
    const client = await scene.proxied.client();
    client.request({ headers: { authorization: `Bearer ${token(ONE.privateKey)}` } }).catch(() => {});
    await until("the question", () => scene.service.requestCount === 1);
    client.close();
    await scene.proxied.logged();
    const next = ask(scene, token(ONE.privateKey));
    await until("it waits", () => scene.proxied.stat("http.ingress.downstream_rq_active") === 1);
    scene.clock.advance(5010);
    assert.equal((await next).status, 401);
    assert.equal(scene.service.requestCount, 1);
  });

  it("splits claims that are lists with spaces", async (t) => {
    const fields = { normalize_payload_in_metadata: { space_delimited_claims: ["scope", "none"] } };
    const scene = await start(t, giving(keySet(ONE.publicKey)), {}, fields);
    await ask(scene, token(ONE.privateKey, { scope: "a  b", sub: "x y" }));
    assert.deepEqual(await metadataOf(scene.proxied, "envoy.filters.http.jwt_authn"), {
      claims: { iss: "me", scope: ["a", "b"], sub: "x y" },
    });
  });
});
