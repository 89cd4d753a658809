import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { StreamInfo } from "../../../src/http/stream-info.ts";
import type { TlsConnectionInfo } from "../../../src/net/tls-connection-info.ts";
import { makeRequest, makeStreamInfo } from "../../harness/stream-fixtures.ts";
import { clusterOf, forward, oneHost, tableFrom } from "./routes-from.ts";

/** The stream of a client over TLS that shows a certificate, or not. */
function overTls(shows: boolean, isGood = false): StreamInfo {
  const tls = { peer: shows ? {} : null, peerValidated: isGood } as TlsConnectionInfo;
  return makeStreamInfo({ tls });
}

/** A stream of which filters have noted this under `who`. */
function noted(values: Record<string, unknown>): StreamInfo {
  const info = makeStreamInfo();
  info.dynamicMetadata = new Map([["who", values]]);
  return info;
}

describe("A route with tls_context", () => {
  const streams = {
    plain: makeStreamInfo(),
    "over TLS": overTls(false),
    "with a certificate": overTls(true),
    "with a good certificate": overTls(true, true),
  };
  const rows: readonly [tlsContext: { presented?: boolean; validated?: boolean }, matches: readonly string[]][] = [
    [{}, Object.keys(streams)],
    [{ presented: true }, ["with a certificate", "with a good certificate"]],
    [{ presented: false }, ["plain", "over TLS"]],
    [{ validated: true }, ["with a good certificate"]],
    [{ validated: false }, ["plain", "over TLS", "with a certificate"]],
    [{ presented: true, validated: false }, ["with a certificate"]],
  ];
  for (const [tlsContext, matches] of rows) {
    it(`of ${JSON.stringify(tlsContext)} takes requests ${matches.join(", ")}`, () => {
      const routes = [forward({ prefix: "/", tlsContext }, "first"), forward({ prefix: "/" }, "second")];
      const table = tableFrom({ validateClusters: false, ...oneHost(routes) });
      const taken = Object.entries(streams).filter(([, info]) => table.route(makeRequest(), 0, info)?.name === "first");
      assert.deepEqual(
        taken.map(([name]) => name),
        matches,
      );
    });
  }
});

describe("A route with dynamic_metadata", () => {
  const wants = (key: string, exact: string, more: object = {}) => ({
    filter: "who",
    path: [{ key }],
    value: { stringMatch: { exact } },
    ...more,
  });

  it("takes requests of which all of it was noted", () => {
    const dynamicMetadata = [wants("tenant", "blue"), wants("role", "guest", { invert: true })];
    const routes = [forward({ prefix: "/", dynamicMetadata }, "first"), forward({ prefix: "/" }, "second")];
    const table = tableFrom({ validateClusters: false, ...oneHost(routes) });
    const route = (info: StreamInfo | null) => table.route(makeRequest(), 0, info)?.name;
    assert.equal(route(noted({ tenant: "blue" })), "first");
    assert.equal(route(noted({ tenant: "blue", role: "admin" })), "first");
    assert.equal(route(noted({ tenant: "blue", role: "guest" })), "second");
    assert.equal(route(noted({ tenant: "red" })), "second");
    assert.equal(route(makeStreamInfo()), "second");
    assert.equal(route(null), "second");
  });

  it("is explained, and found in a long list too", () => {
    const many = Array.from({ length: 20 }, (_, i) => forward({ path: `/${i}` }, `c${i}`));
    const own = forward({ path: "/5", dynamicMetadata: [wants("tenant", "blue")] }, "own");
    const table = tableFrom({ validateClusters: false, ...oneHost([own, ...many]) });
    const request = makeRequest({ path: "/5" });
    assert.equal(table.route(request, 0, noted({ tenant: "blue" }))?.name, "own");
    assert.equal(clusterOf(table, request), "c5");
    assert.equal(table.explain(request, 0).tried[0]?.whyNot, "it wants dynamic metadata of filters");
  });
});
