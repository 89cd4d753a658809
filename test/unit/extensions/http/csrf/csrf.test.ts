import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { filtered, routeWith } from "../filtered.ts";

const ALWAYS = { default_value: { numerator: 100 } };
const NEVER = { default_value: { numerator: 0 } };
const POLICY = { filter_enabled: ALWAYS, additional_origins: [{ exact: "friend.test:8443" }] };

describe("The csrf filter", () => {
  const cases: readonly (readonly [string, string, Record<string, string>, number])[] = [
    ["a request that changes nothing", "GET", { origin: "http://evil.test" }, 200],
    ["the same origin", "POST", { origin: "http://me.test" }, 200],
    ["the same origin as a referer", "PUT", { referer: "http://me.test/page?a#b" }, 200],
    ["an origin that is named", "DELETE", { origin: "https://friend.test:8443" }, 200],
    ["another origin", "POST", { origin: "http://evil.test" }, 403],
    ["another port", "POST", { origin: "http://me.test:81" }, 403],
    ["another origin, whatever the referer", "PATCH", { origin: "http://evil.test", referer: "http://me.test/" }, 403],
    ["the origin null", "POST", { origin: "null" }, 403],
    ["no origin", "POST", {}, 403],
  ];
  for (const [what, method, headers, status] of cases) {
    it(`answers ${what} with ${status}`, async (test) => {
      const proxied = await filtered(test, "csrf", "CsrfPolicy", POLICY);
      const client = await proxied.client();
      const response = await client.request({ method, headers: { host: "me.test", ...headers } });
      assert.equal(response.status, status);
      if (status === 200) return;
      assert.equal(response.body, "Invalid origin");
      assert.equal((await proxied.logged()).details, "csrf_origin_mismatch");
    });
  }

  it("counts requests that change something", async (test) => {
    const proxied = await filtered(test, "csrf", "CsrfPolicy", POLICY);
    const client = await proxied.client();
    for (const headers of [{ origin: "http://me.test" }, { origin: "http://evil.test" }, {}]) {
      await client.request({ method: "POST", headers: { host: "me.test", ...headers } });
    }
    const of = (name: string): number => proxied.stat(`http.ingress.csrf.${name}`);
    assert.deepEqual([of("request_valid"), of("request_invalid"), of("missing_source_origin")], [1, 2, 1]);
  });

  it("lets everything pass in the shadow, and obeys the route", async (test) => {
    const shadow = { filter_enabled: NEVER, shadow_enabled: ALWAYS };
    const routes = [routeWith("/strict", "csrf", "CsrfPolicy", POLICY), routeWith("/", "csrf", "CsrfPolicy", shadow)];
    const proxied = await filtered(test, "csrf", "CsrfPolicy", { filter_enabled: NEVER }, { routes });
    const client = await proxied.client();
    const headers = { origin: "http://evil.test" };
    assert.equal((await client.request({ method: "POST", headers })).status, 200);
    assert.equal(proxied.stat("http.ingress.csrf.request_invalid"), 1);
    assert.equal((await client.request({ method: "POST", target: "/strict", headers })).status, 403);
  });
});
