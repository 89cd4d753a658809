import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { JsonObject } from "@bufbuild/protobuf";
import { Uint64 } from "../../../src/base/uint64.ts";
import { xxHash64 } from "../../../src/base/xx-hash64.ts";
import { makeRequest, makeStreamInfo } from "../../harness/stream-fixtures.ts";
import { oneHost, routeOf, tableFrom } from "./routes-from.ts";

const WRAP = (1n << 64n) - 1n;

/** xxHash64 of texts, each seeded with the hash of the one before. */
function hashOf(...texts: string[]): bigint {
  const hash = new Uint64();
  for (const text of texts) xxHash64(text, hash);
  return hash.toBigInt();
}

interface Hashed {
  readonly hash: bigint | null;
  readonly cookies: readonly string[];
}

/** The hash of a request to `/x?user=7` with these headers, by a `hash_policy` in proto JSON. */
function hashed(policy: JsonObject[], headers: string[] = [], remoteIp = "192.0.2.9"): Hashed {
  const route = { match: { prefix: "/" }, route: { cluster: "c", hashPolicy: policy } };
  const request = makeRequest({ path: "/x?user=7&empty" }, headers);
  const { action } = routeOf(tableFrom({ validateClusters: false, ...oneHost([route]) }), request);
  assert.equal(action.type, "forward");
  const streamInfo = makeStreamInfo();
  streamInfo.downstreamRemoteIp = remoteIp;
  streamInfo.filterState = new Map<string, unknown>([
    ["tenant", "blue"],
    ["object", {}],
  ]);
  const cookies: string[] = [];
  const hash = new Uint64();
  const found = action.type === "forward" && action.hashPolicy !== null;
  if (!found) return { hash: null, cookies };
  const made = action.hashPolicy.compute(
    { headers: request, streamInfo, setCookie: (value) => cookies.push(value) },
    hash,
  );
  return { hash: made ? hash.toBigInt() : null, cookies };
}

const header = (headerName: string, more: JsonObject = {}): JsonObject => ({ header: { headerName }, ...more });

describe("A hash policy", () => {
  const rows: readonly { name: string; policy: JsonObject[]; headers?: string[]; hash: bigint | null }[] = [
    { name: "a header", policy: [header("X-User")], headers: ["x-user", "ann"], hash: hashOf("ann") },
    { name: "no header", policy: [header("x-user")], hash: null },
    { name: "a pseudo-header", policy: [header(":authority")], hash: hashOf("example.com") },
    {
      name: "a repeated header, in whatever order",
      policy: [header("x")],
      headers: ["x", "foo", "x", "bar"],
      hash: hashOf("bar", "foo"),
    },
    {
      name: "a rewritten header",
      policy: [{ header: { headerName: "x", regexRewrite: { pattern: { regex: "-.*" }, substitution: "" } } }],
      headers: ["x", "ann-123"],
      hash: hashOf("ann"),
    },
    { name: "a cookie", policy: [{ cookie: { name: "id" } }], headers: ["cookie", "a=1; id=2"], hash: hashOf("2") },
    { name: "no cookie", policy: [{ cookie: { name: "id" } }], hash: null },
    { name: "the client's address", policy: [{ connectionProperties: { sourceIp: true } }], hash: hashOf("192.0.2.9") },
    { name: "nothing of the connection", policy: [{ connectionProperties: {} }], hash: null },
    { name: "a query parameter", policy: [{ queryParameter: { name: "user" } }], hash: hashOf("7") },
    { name: "an empty query parameter", policy: [{ queryParameter: { name: "empty" } }], hash: hashOf("") },
    { name: "no query parameter", policy: [{ queryParameter: { name: "User" } }], hash: null },
    { name: "filter state", policy: [{ filterState: { key: "tenant" } }], hash: hashOf("blue") },
    { name: "filter state that is no text", policy: [{ filterState: { key: "object" } }], hash: null },
    {
      name: "several, each turning what is there",
      policy: [header("x"), header("none"), { queryParameter: { name: "user" } }],
      headers: ["x", "a"],
      hash: (((hashOf("a") << 1n) | (hashOf("a") >> 63n)) & WRAP) ^ hashOf("7"),
    },
    {
      name: "no more once a terminal one gave a hash",
      policy: [header("x", { terminal: true }), { queryParameter: { name: "user" } }],
      headers: ["x", "a"],
      hash: hashOf("a"),
    },
    {
      name: "more if a terminal one gave none",
      policy: [header("x", { terminal: true }), { queryParameter: { name: "user" } }],
      hash: hashOf("7"),
    },
  ];
  for (const { name, policy, headers, hash } of rows) {
    it(`hashes ${name}`, () => assert.deepEqual(hashed(policy, headers), { hash, cookies: [] }));
  }

  it("hashes no address of a client behind a Unix-domain socket", () => {
    assert.equal(hashed([{ connectionProperties: { sourceIp: true } }], [], "/run/x.sock").hash, null);
  });

  it("makes a cookie of the connection's addresses if it may and there is none", () => {
    const cookie = { name: "id", path: "/p", ttl: "90s", attributes: [{ name: "SameSite", value: "Lax" }] };
    const value = hashOf("192.0.2.1:40000127.0.0.1:10000").toString(16).padStart(16, "0");
    assert.deepEqual(hashed([{ cookie }]), {
      hash: hashOf(value),
      cookies: [`id="${value}"; Max-Age=90; Path=/p; SameSite=Lax; HttpOnly`],
    });
    assert.deepEqual(hashed([{ cookie }], ["cookie", "id=5"]), { hash: hashOf("5"), cookies: [] });
    assert.deepEqual(hashed([{ cookie: { name: "id", ttl: "0s" } }]).cookies, [`id="${value}"; HttpOnly`]);
  });
});
