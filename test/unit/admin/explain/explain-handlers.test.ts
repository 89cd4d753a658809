import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { askAdmin, tellAdmin } from "../../../harness/ask-admin.ts";
import { SampleProxy } from "../../../harness/sample-admin-views.ts";

describe("POST /explain", () => {
  const wrong = [
    { name: "no JSON", body: "{", says: /^the body is no JSON, such as \{"url": .*\}: / },
    { name: "a list", body: "[]", says: /^the body must be a JSON object\n/ },
    { name: "an unknown field", body: '{"pth":"/"}', says: /^pth: unknown field; there are: method, / },
    { name: "a path that is no text", body: '{"path":1}', says: /^path: must be a text\n/ },
    { name: "a URL without a scheme", body: '{"url":"a.test/x"}', says: /^url: must be a whole URL/ },
    { name: "a header with a line end", body: '{"headers":{"a":"b\\r\\nc: d"}}', says: /^headers\.a: must be / },
    { name: "a bad header name", body: '{"headers":{"a b":"c"}}', says: /^headers: "a b" is no name/ },
    { name: "a source that is a name", body: '{"source":"localhost:80"}', says: /^source: must be an IP address/ },
    { name: "a port that is none", body: '{"source":"1.2.3.4:70000"}', says: /^source: / },
    { name: "a random value out of range", body: '{"random":4294967296}', says: /^random: / },
    { name: "alpn that is no list", body: '{"alpn":"h2"}', says: /^alpn: must be a list/ },
    { name: "tls that is no boolean", body: '{"tls":"yes"}', says: /^tls: must be true or false/ },
  ];
  for (const { name, body, says } of wrong) {
    it(`refuses ${name} and names the field`, async () => {
      const proxy = new SampleProxy();
      const answer = await tellAdmin(proxy, "/explain", { body });
      assert.equal(answer.status, 400);
      assert.match(answer.body, says);
      assert.deepEqual(proxy.calls, []);
    });
  }

  it("takes a URL apart", async () => {
    const proxy = new SampleProxy();
    await tellAdmin(proxy, "/explain", {
      body: JSON.stringify({ url: "https://App.test:8443/é?q=1", headers: { a: ["1", "2"] }, source: "::1" }),
    });
    assert.deepEqual(proxy.calls, [
      {
        explain: {
          request: {
            method: "GET",
            authority: "app.test:8443",
            path: "/%C3%A9?q=1",
            headers: [
              ["a", "1"],
              ["a", "2"],
            ],
            source: "[::1]:50000",
            listener: "",
            address: "",
            port: 8443,
            tls: true,
            serverName: "app.test",
            alpn: [],
            random: 0,
          },
          config: undefined,
          worker: "",
        },
      },
    ]);
  });

  it("gives what is wrong with a proposed configuration, line by line", async () => {
    const proxy = new SampleProxy();
    proxy.explainAnswer = { status: 400, problems: ["request body:3:1: a", "request body:4:1: b"] };
    const answer = await tellAdmin(proxy, "/explain", { body: "{}" });
    assert.deepEqual([answer.status, answer.body], [400, "request body:3:1: a\nrequest body:4:1: b\n"]);
  });

  it("is a POST, because of its body", async () => {
    assert.equal((await askAdmin(new SampleProxy(), "/explain")).status, 405);
  });
});
