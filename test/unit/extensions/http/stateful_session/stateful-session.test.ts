import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import {
  decodeSessionCookie,
  encodeSessionCookie,
} from "../../../../../src/extensions/stateful_session/cookie-value.ts";
import { FakeClock } from "../../../../harness/fake-clock.ts";
import { FakeUpstream } from "../../../../harness/fake-upstream.ts";
import { clusterRoute, loopback, sampleCluster } from "../../../../harness/sample-bootstrap.ts";
import type { Proxied, ProxiedOptions } from "../../proxied.ts";
import { filtered, routeWith } from "../filtered.ts";

const STATES = "type.googleapis.com/envoy.extensions.http.stateful_session";
const cookie = (fields: object = {}): object => ({
  session_state: {
    name: "envoy.http.stateful_session.cookie",
    typed_config: { "@type": `${STATES}.cookie.v3.CookieBasedSessionState`, cookie: { name: "sid", ...fields } },
  },
});
const header = {
  session_state: {
    name: "envoy.http.stateful_session.header",
    typed_config: { "@type": `${STATES}.header.v3.HeaderBasedSessionState`, name: "X-Session" },
  },
};

interface Scene {
  readonly proxied: Proxied;
  readonly ports: readonly number[];
}

/** Three hosts that answer with their port. */
async function scene(test: TestContext, config: object, options: ProxiedOptions = {}): Promise<Scene> {
  const hosts: FakeUpstream[] = [];
  for (let i = 0; i < 3; i++) {
    const host: FakeUpstream = await FakeUpstream.start((exchange) => exchange.respond({ body: String(host.port) }));
    test.after(() => host.close());
    hosts.push(host);
  }
  const ports = hosts.map((host) => host.port);
  const clusters = [sampleCluster("many", ports.map(loopback))];
  const routes = [clusterRoute("many")];
  const proxied = await filtered(test, "stateful_session", "StatefulSession", config, { clusters, routes, ...options });
  return { proxied, ports };
}

const cookieTo = (port: number, expiresS = 0): string =>
  `sid="${encodeSessionCookie({ address: `127.0.0.1:${port}`, expiresS })}"`;

describe("The stateful_session filter", () => {
  it("keeps a client at its host by a cookie", async (test) => {
    const { proxied } = await scene(test, cookie({ path: "/", ttl: "120s" }), { clock: new FakeClock() });
    const client = await proxied.client();
    const first = await client.request();
    const set = first.header("set-cookie") ?? "";
    assert.match(set, /^sid="[A-Za-z0-9+/=]+"; Max-Age=120; Path=\/; HttpOnly$/);
    const sent = set.split(";")[0]!;
    const decoded = decodeSessionCookie(sent.slice(5, -1));
    assert.deepEqual(decoded, { address: `127.0.0.1:${first.body}`, expiresS: Date.UTC(2026, 0, 1) / 1000 + 120 });
    for (let i = 0; i < 6; i++) {
      const next = await client.request({ headers: { cookie: `other=1; ${sent}` } });
      assert.deepEqual([next.body, next.header("set-cookie")], [first.body, undefined]);
    }
  });

  it("takes another host when the session's is not there, and says so", async (test) => {
    const { proxied, ports } = await scene(test, cookie());
    const client = await proxied.client();
    const answer = await client.request({ headers: { cookie: cookieTo(1) } });
    assert.ok(ports.includes(Number(answer.body)));
    assert.match(answer.header("set-cookie") ?? "", /^sid="[^"]+"; HttpOnly$/);
  });

  it("answers 503 instead, if it is strict", async (test) => {
    const { proxied, ports } = await scene(test, { ...cookie(), strict: true });
    const client = await proxied.client();
    assert.equal((await client.request({ headers: { cookie: cookieTo(1) } })).status, 503);
    assert.equal((await proxied.logged()).flags, "UH");
    const fine = await client.request({ headers: { cookie: cookieTo(ports[1]!) } });
    assert.equal(fine.body, String(ports[1]));
  });

  it("pays no heed to a cookie that is over or none of ours", async (test) => {
    const { proxied } = await scene(test, cookie({ ttl: "60s" }), { clock: new FakeClock() });
    const client = await proxied.client();
    const now = Date.UTC(2026, 0, 1) / 1000;
    for (const value of [cookieTo(1, now - 1), 'sid="what"', "sid=", `sid=${"A".repeat(3000)}`]) {
      const answer = await client.request({ headers: { cookie: value } });
      assert.equal(answer.status, 200);
      assert.notEqual(answer.header("set-cookie"), undefined);
    }
  });

  it("has sessions only below the cookie's path", async (test) => {
    const { proxied, ports } = await scene(test, cookie({ path: "/app" }));
    const client = await proxied.client();
    for (const [target, applies] of [
      ["/app", true],
      ["/app/x", true],
      ["/app?q", true],
      ["/apple", false],
      ["/", false],
    ] as const) {
      const answer = await client.request({ target });
      assert.equal(answer.header("set-cookie") !== undefined, applies, target);
    }
    assert.equal(ports.length, 3);
  });

  it("keeps a client at its host by a header", async (test) => {
    const { proxied } = await scene(test, header);
    const client = await proxied.client();
    const first = await client.request();
    const session = first.header("x-session") ?? "";
    assert.equal(Buffer.from(session, "base64").toString(), `127.0.0.1:${first.body}`);
    for (let i = 0; i < 4; i++) {
      const next = await client.request({ headers: { "x-session": session } });
      assert.deepEqual([next.body, next.header("x-session")], [first.body, undefined]);
    }
  });

  it("obeys the route", async (test) => {
    const route = (prefix: string, fields: object): object => ({
      ...routeWith(prefix, "stateful_session", "StatefulSessionPerRoute", fields),
      route: { cluster: "many" },
    });
    const routes = [route("/off", { disabled: true }), route("/other", { stateful_session: header })];
    const { proxied } = await scene(test, cookie(), { routes });
    const client = await proxied.client();
    const off = await client.request({ target: "/off" });
    assert.equal(off.header("set-cookie"), undefined);
    const other = await client.request({ target: "/other" });
    assert.deepEqual([other.header("set-cookie"), typeof other.header("x-session")], [undefined, "string"]);
  });
});

describe("The value of a session cookie", () => {
  it("comes back as it was", () => {
    for (const expiresS of [0, 1, 127, 128, 1_800_000_000]) {
      const cookie = { address: "[::1]:8080", expiresS };
      assert.deepEqual(decodeSessionCookie(encodeSessionCookie(cookie)), cookie);
    }
    assert.equal(encodeSessionCookie({ address: "1.2.3.4:80", expiresS: 0 }), "CgoxLjIuMy40Ojgw");
  });

  it("is nothing if it is cut or foreign", () => {
    const bytes = Buffer.from(encodeSessionCookie({ address: "1.2.3.4:80", expiresS: 300 }), "base64");
    for (let length = 0; length < 12; length++) {
      assert.equal(decodeSessionCookie(bytes.subarray(0, length).toString("base64")), undefined);
    }
    assert.equal(decodeSessionCookie(Buffer.from([0x18, 1]).toString("base64")), undefined);
    assert.equal(decodeSessionCookie(Buffer.alloc(20, 0xff).toString("base64")), undefined);
  });
});
