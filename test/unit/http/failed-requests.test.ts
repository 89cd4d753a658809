import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FailedRequests } from "../../../src/http/failed-requests.ts";
import { ResponseFlag, StreamInfo } from "../../../src/http/stream-info.ts";
import { FakeClock } from "../../harness/fake-clock.ts";
import { makeRequest, makeStreamInfo } from "../../harness/stream-fixtures.ts";

function failedInfo(flags: readonly ResponseFlag[], changes: Partial<StreamInfo> = {}): StreamInfo {
  const info = new StreamInfo(makeStreamInfo().connection, "HTTP/1.1", 1000, 5000);
  for (const flag of flags) info.setResponseFlag(flag);
  Object.assign(info, { responseCode: 503, completedMs: 1012, ...changes });
  info.ensureUpstream().clusterName = "api";
  info.ensureUpstream().clusterRawName = "api-raw";
  info.ensureUpstream().hostAddress = "10.0.0.1:80";
  return info;
}

const F = ResponseFlag;

const WORDS = {
  hosts: (cluster: string, criteria: string) =>
    `3 hosts of ${cluster}: 3 ejected${criteria === "" ? "" : ` (${criteria})`}`,
  openBreakers: (cluster: string) => `1 of 1 requests to ${cluster}`,
};

describe("FailedRequests", () => {
  const sentences: readonly {
    readonly flags: readonly ResponseFlag[];
    readonly says: string;
    readonly more?: object;
  }[] = [
    { flags: [F.UH], says: "no healthy host in cluster api: 3 hosts of api-raw: 3 ejected" },
    {
      flags: [F.UH],
      more: { failureNote: "version=v2" },
      says: "no healthy host in cluster api: 3 hosts of api-raw: 3 ejected (version=v2)",
    },
    {
      flags: [F.NR],
      more: { failureNote: "virtual host all has none for the request" },
      says: "no route: virtual host all has none for the request",
    },
    {
      flags: [F.NR],
      more: { responseCodeDetails: "filter_chain_not_found", failureNote: "none of the listener matches it" },
      says: "no filter chain: none of the listener matches it",
    },
    {
      flags: [F.NC],
      more: { failureNote: "gone" },
      says: 'no cluster: there is none of the name "gone", to which the route leads',
    },
    { flags: [F.NC], says: "no cluster: the request lacks the header that is to name it" },
    {
      flags: [F.UF],
      more: { responseCodeDetails: "upstream_reset_before_response_started{connection_timeout}" },
      says: "could not connect to host 10.0.0.1:80 within the connect timeout of its cluster",
    },
    { flags: [F.DC], more: { responseCodeDetails: "x" }, says: "the client left before it had its response" },
    { flags: [F.DO], says: "cluster api drops a share of its requests, because it is overloaded" },
    { flags: [F.NR], says: "no route: no route of any virtual host takes the request" },
    {
      flags: [F.NR],
      more: { virtualHostName: "all" },
      says: "no route: virtual host all has none for the request",
    },
    { flags: [F.UF, F.URX], says: "could not connect to host 10.0.0.1:80; no more retries were allowed" },
    { flags: [F.UC], says: "host 10.0.0.1:80 ended the connection before the response was complete" },
    { flags: [F.UO], says: "a circuit breaker of cluster api is open (1 of 1 requests to api-raw)" },
    {
      flags: [F.UT],
      more: { responseCodeDetails: "response_timeout" },
      says: "no connection to host 10.0.0.1:80 was ready within the timeout of the route",
    },
    {
      flags: [F.IH],
      more: { responseCodeDetails: "bad" },
      says: "a header that the router checks has a value that it can't have (bad)",
    },
    { flags: [F.NFCF], more: { responseCodeDetails: "bad" }, says: "NoFilterConfigFound: bad" },
    { flags: [], more: { responseCodeDetails: "direct_response" }, says: "the route itself answers 503" },
    {
      flags: [],
      more: { responseCode: 0, failureNote: "the TLS handshake failed: why" },
      says: "the TLS handshake failed: why",
    },
    { flags: [], more: { responseCodeDetails: "via_upstream" }, says: "host 10.0.0.1:80 answered 503 itself" },
    { flags: [], more: { responseCodeDetails: "x" }, says: "the proxy answered 503: x" },
  ];
  for (const { flags, says, more } of sentences) {
    it(`says: ${says}`, () => {
      const failures = new FailedRequests(10, new FakeClock(), WORDS);
      failures.note(failedInfo(flags, more), null);
      assert.equal(failures.recent()[0]?.reason, says);
    });
  }

  it("keeps the last ones, newest first", () => {
    const failures = new FailedRequests(2, new FakeClock(), WORDS);
    for (const path of ["/a", "/b", "/c"]) failures.note(failedInfo([F.UH]), makeRequest({ path }));
    assert.deepEqual(
      failures.recent().map(({ path }) => path),
      ["/c", "/b"],
    );
  });

  it("notes attempts and phases as times since the beginning, and no query", () => {
    const failures = new FailedRequests(2, new FakeClock(), WORDS);
    const info = failedInfo([F.UF], { requestLastByteMs: 1001 });
    info.noteFailedAttempt("10.0.0.2:80", "remote connection failure", "ECONNREFUSED", 1003.5);
    failures.note(info, makeRequest({ path: "/a?token=secret", authority: "a.test" }));
    const [failure] = failures.recent();
    assert.deepEqual(failure?.attempts, [
      { host: "10.0.0.2:80", reason: "remote connection failure (ECONNREFUSED)", endedMs: 3.5 },
    ]);
    assert.deepEqual(
      [failure.flags, failure.path, failure.requestCompleteMs, failure.upstreamSentMs, failure.totalMs],
      [["UF"], "/a?…", 1, -1, 12],
    );
  });

  it("describes the hosts of a cluster at most once per second", () => {
    const clock = new FakeClock();
    let asked = 0;
    const failures = new FailedRequests(10, clock, { ...WORDS, hosts: () => `asked ${++asked}` });
    for (let i = 0; i < 5; i++) failures.note(failedInfo([F.UH]), null);
    assert.equal(asked, 1);
    clock.advance(1001);
    failures.note(failedInfo([F.UH]), null);
    assert.equal(asked, 2);
  });
});
