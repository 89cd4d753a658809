import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { askAdmin, tellAdmin } from "../../../harness/ask-admin.ts";
import { SampleProxy } from "../../../harness/sample-admin-views.ts";

describe("POST /actors/ID/trace", () => {
  for (const query of [
    "",
    "?seconds=5",
    "?max=5",
    "?seconds=301&max=5",
    "?seconds=5&max=10001",
    "?seconds=5&max=5&rate=0",
  ]) {
    it(`is refused without caps in their ranges: "${query}"`, async () => {
      const proxy = new SampleProxy();
      const answer = await tellAdmin(proxy, `/actors/supervisor/trace${query}`);
      assert.equal(answer.status, 400);
      assert.match(answer.body, /^usage: POST \/actors\/ID\/trace\?seconds=S&max=N/);
      assert.deepEqual(proxy.calls, []);
    });
  }

  it("streams events and says why it ended", async () => {
    const proxy = new SampleProxy();
    const event = {
      actorId: "supervisor",
      messageType: "reload",
      what: "handled" as const,
      handleMs: 1.5,
      atWallMs: 7,
    };
    proxy.tracePieces = [
      { events: [], skipped: 0, endedBy: undefined },
      { events: [event], skipped: 2, endedBy: "count" },
    ];
    const answer = await tellAdmin(proxy, "/actors/supervisor/trace?seconds=5&max=1&match=rel");
    assert.equal(answer.contentType, "text/event-stream");
    assert.equal(
      answer.body,
      `: trace

:

event: message
data: {"at_ms":7,"actor":"supervisor","type":"reload","what":"handled","handle_ms":1.5}

event: end
data: {"ended_by":"count","events":1,"skipped":2}

`,
    );
    assert.deepEqual(proxy.calls, [
      { trace: "supervisor", limits: { maxMs: 5000, maxEvents: 1, maxPerSecond: 100, match: "rel" } },
    ]);
  });

  it("answers 404 for an actor that does not exist, and 405 to GET", async () => {
    assert.equal((await tellAdmin(new SampleProxy(), "/actors/nobody/trace?seconds=1&max=1")).status, 404);
    assert.equal((await askAdmin(new SampleProxy(), "/actors/supervisor/trace?seconds=1&max=1")).status, 405);
  });
});

describe("Profiles", () => {
  it("are of the actor's thread and come as files", async () => {
    const proxy = new SampleProxy();
    const answer = await tellAdmin(proxy, "/actors/supervisor/cpuprofile?seconds=2");
    assert.equal(answer.headers["content-disposition"], 'attachment; filename="main.cpuprofile"');
    await tellAdmin(proxy, "/actors/supervisor/heapprofile");
    assert.deepEqual(proxy.calls, [
      { profile: "cpu", thread: "main", durationMs: 2000 },
      { profile: "heap", thread: "main", durationMs: 5000 },
    ]);
  });

  for (const seconds of ["0", "61", "x"]) {
    it(`are not taken for ${seconds} seconds`, async () => {
      assert.equal(
        (await tellAdmin(new SampleProxy(), `/actors/supervisor/cpuprofile?seconds=${seconds}`)).status,
        400,
      );
    });
  }

  it("of the whole heap need a flag, because they hold secrets", async () => {
    const proxy = new SampleProxy();
    const refused = await tellAdmin(proxy, "/actors/supervisor/heapsnapshot");
    assert.equal(refused.status, 403);
    assert.match(refused.body, /--enable-heap-snapshots/);
    assert.deepEqual(proxy.calls, []);
    assert.equal((await tellAdmin(proxy, "/actors/supervisor/heapsnapshot", { heapSnapshots: true })).body, "{}");
  });

  it("show a stack as text and as JSON", async () => {
    const proxy = new SampleProxy();
    assert.equal((await tellAdmin(proxy, "/actors/supervisor/stack")).body, "main runs no JavaScript at the moment\n");
    proxy.frames = [{ function: "", file: "a.ts", line: 3, column: 5 }];
    assert.equal(
      (await tellAdmin(proxy, "/actors/supervisor/stack")).body,
      "main is here:\n  at (anonymous) (a.ts:3:5)\n",
    );
    assert.deepEqual((await tellAdmin(proxy, "/actors/supervisor/stack?format=json")).json(), {
      thread: "main",
      running: true,
      frames: proxy.frames,
    });
  });
});
