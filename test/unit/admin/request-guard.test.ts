import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AdminRequestHeaders } from "../../../src/admin/admin-handler.ts";
import { BearerToken } from "../../../src/admin/bearer-token.ts";
import { guardRequest } from "../../../src/admin/request-guard.ts";

function status(method: string, headers: AdminRequestHeaders, checkHost = true): number | undefined {
  const request = { method, path: "/", params: new URLSearchParams(), headers, body: "" };
  return guardRequest(request, { allowedHosts: ["Admin.example.com"], checkHost })?.status;
}

describe("guardRequest", () => {
  const hosts = [
    { name: "an IPv4 address", host: "127.0.0.1:9901", status: undefined },
    { name: "an address of another interface", host: "192.168.1.7:9901", status: undefined },
    { name: "an IPv6 address", host: "[::1]:9901", status: undefined },
    { name: "localhost", host: "localhost:9901", status: undefined },
    { name: "localhost in capitals, without a port", host: "LOCALHOST", status: undefined },
    { name: "a name below localhost", host: "a.localhost", status: undefined },
    { name: "a configured name", host: "admin.example.com:9901", status: undefined },
    { name: "no Host", host: undefined, status: undefined },
    { name: "a foreign name", host: "evil.example:9901", status: 403 },
    { name: "a foreign name that begins like localhost", host: "localhost.evil.example", status: 403 },
    { name: "a foreign name that begins like an address", host: "127.0.0.1.nip.io:9901", status: 403 },
    { name: "a name below a configured one", host: "x.admin.example.com", status: 403 },
    { name: "an empty Host", host: "", status: 403 },
    { name: "a malformed Host", host: "localhost:9901, evil", status: 403 },
  ];
  for (const { name, host, status: expected } of hosts) {
    it(`${expected === undefined ? "allows" : "refuses"} ${name}`, () => {
      assert.equal(status("GET", { host }), expected);
    });
  }

  it("doesn't look at the Host on a Unix-domain socket", () => {
    assert.equal(status("GET", { host: "anything" }, false), undefined);
  });

  const host = "127.0.0.1:9901";
  const changes: { name: string; headers: AdminRequestHeaders; status: number | undefined }[] = [
    { name: "from a command line", headers: { host }, status: undefined },
    {
      name: "from its own page",
      headers: { host, origin: `http://${host}`, "sec-fetch-site": "same-origin" },
      status: undefined,
    },
    { name: "from a page of another origin", headers: { host, origin: "https://evil.example" }, status: 403 },
    { name: "from another port of this machine", headers: { host, origin: "http://127.0.0.1:3000" }, status: 403 },
    { name: "from a sandboxed page", headers: { host, origin: "null" }, status: 403 },
    { name: "that a browser calls cross-site", headers: { host, "sec-fetch-site": "cross-site" }, status: 403 },
  ];
  for (const row of changes) {
    it(`${row.status === undefined ? "allows" : "refuses"} a change ${row.name}`, () => {
      assert.equal(status("POST", row.headers), row.status);
    });
  }

  it("lets a page of another origin link here", () => {
    assert.equal(status("GET", { host, "sec-fetch-site": "cross-site" }), undefined);
  });
});

describe("guardRequest with a token", () => {
  const token = new BearerToken("0123456789abcdef");
  const options = { allowedHosts: [], checkHost: true, token };
  const ask = (authorization: string | undefined, isPublic = false, host = "127.0.0.1") =>
    guardRequest({ method: "GET", path: "/", headers: { host, authorization } }, options, isPublic);

  for (const authorization of ["Bearer 0123456789abcdef", "bearer 0123456789abcdef", "Bearer  0123456789abcdef"]) {
    it(`allows "${authorization}"`, () => assert.equal(ask(authorization), undefined));
  }
  for (const authorization of [
    undefined,
    "",
    "Bearer",
    "Bearer ",
    "Bearer 0123456789abcde",
    "Bearer 0123456789abcdef0",
    "Bearer 0123456789abcdef 0",
    "Basic 0123456789abcdef",
    "0123456789abcdef",
    "x Bearer 0123456789abcdef",
  ]) {
    it(`refuses ${authorization === undefined ? "no authorization" : `"${authorization}"`} with 401 and what to bring`, () => {
      assert.deepEqual(ask(authorization), {
        status: 401,
        message: "The token of the admin interface is missing or wrong.\n",
        headers: { "www-authenticate": 'Bearer realm="troupe admin"' },
      });
    });
  }

  it("lets everybody have what is public, but not from a foreign name", () => {
    assert.equal(ask(undefined, true), undefined);
    assert.equal(ask(undefined, true, "evil.example")?.status, 403);
  });
});
