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
  info.ensureUpstream().hostAddress = "10.0.0.1:80";
  return info;
}

const F = ResponseFlag;

describe("FailedRequests", () => {
  const sentences: readonly {
    readonly flags: readonly ResponseFlag[];
    readonly says: string;
    readonly more?: object;
  }[] = [
    { flags: [F.UH], says: "no healthy host in cluster api: 3 hosts: 3 ejected" },
    { flags: [F.NR], says: "no route: no route of any virtual host takes the request" },
    {
      flags: [F.NR],
      more: { virtualHostName: "all" },
      says: "no route: virtual host all has none for the request",
    },
    { flags: [F.UF, F.URX], says: "could not connect to host 10.0.0.1:80; no more retries were allowed" },
    { flags: [F.UC], says: "host 10.0.0.1:80 ended the connection before the response was complete" },
    { flags: [F.UO], says: "a circuit breaker of cluster api is open" },
    {
      flags: [F.UT],
      more: { responseCodeDetails: "response_timeout" },
      says: "host 10.0.0.1:80 did not answer in time (response_timeout)",
    },
    { flags: [F.IH], more: { responseCodeDetails: "bad" }, says: "InvalidEnvoyRequestHeaders: bad" },
    { flags: [], more: { responseCodeDetails: "via_upstream" }, says: "host 10.0.0.1:80 answered 503 itself" },
    { flags: [], more: { responseCodeDetails: "x" }, says: "the proxy answered 503: x" },
  ];
  for (const { flags, says, more } of sentences) {
    it(`says: ${says}`, () => {
      const failures = new FailedRequests(10, new FakeClock(), () => "3 hosts: 3 ejected");
      failures.note(failedInfo(flags, more), null);
      assert.equal(failures.recent()[0]?.reason, says);
    });
  }

  it("keeps the last ones, newest first", () => {
    const failures = new FailedRequests(2, new FakeClock(), () => "");
    for (const path of ["/a", "/b", "/c"]) failures.note(failedInfo([F.UH]), makeRequest({ path }));
    assert.deepEqual(
      failures.recent().map(({ path }) => path),
      ["/c", "/b"],
    );
  });

  it("notes attempts and phases as times since the beginning, and no query", () => {
    const failures = new FailedRequests(2, new FakeClock(), () => "");
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
    const failures = new FailedRequests(10, clock, () => `asked ${++asked}`);
    for (let i = 0; i < 5; i++) failures.note(failedInfo([F.UH]), null);
    assert.equal(asked, 1);
    clock.advance(1001);
    failures.note(failedInfo([F.UH]), null);
    assert.equal(asked, 2);
  });
});
