import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { askAdmin } from "../../../harness/ask-admin.ts";
import { SampleProxy, sampleActor, sampleVitals } from "../../../harness/sample-admin-views.ts";

interface ActorsPage {
  readonly partial: boolean;
  readonly not_answering: readonly object[];
  readonly threads: readonly Readonly<Record<string, unknown>>[];
  readonly actors: readonly ListedActor[];
}

interface ListedActor {
  readonly id: string;
  readonly parent_id: string | null;
  readonly last_error: string;
  readonly snapshot_version: number;
  readonly child_ids: readonly string[];
  readonly children: readonly ListedActor[];
}

function sampleProxy(): SampleProxy {
  const proxy = new SampleProxy();
  const worker = sampleActor({
    id: "supervisor/worker-1",
    kind: "worker",
    thread: "worker-1",
    attributes: { snapshotVersion: 6, longestStallMs: 4 },
    answering: false,
    reportAgeMs: 3400,
    restarts: 2,
    lastError: "boom\nat line 3",
    mailboxLength: 700,
    mailboxAlarm: true,
    oldestMessageAgeMs: 2500,
  });
  const admin = sampleActor({
    id: "admin",
    kind: "admin",
    attributes: {},
    handleMs: { p50: 1.25, p99: 20 },
    busyShare: 0.5,
  });
  proxy.actors = [sampleActor({ children: [worker] }), admin];
  proxy.threads = [
    sampleVitals(),
    sampleVitals({ thread: "worker-1", answering: false, ageMs: 3000, eventLoopUtilization: 0.9, cpuShare: undefined }),
  ];
  return proxy;
}

const json = async (target: string): Promise<ActorsPage> =>
  (await askAdmin(sampleProxy(), target)).json() as ActorsPage;

describe("/actors", () => {
  it("shows actors and threads as tables and says whose part is old", async () => {
    assert.equal(
      (await askAdmin(sampleProxy(), "/actors")).body,
      `partial: worker-1 has not answered for 3.4 s; its actors (marked !) are shown as they were then
  ACTOR                KIND        THREAD    STATUS   SNAPSHOT  MAILBOX      OLDEST  WAIT P50/P99  HANDLE P50/P99  BUSY   HANDLED  RESTARTS  LAST ERROR
  supervisor           supervisor  main      running  7         0            -       0.0/0.0       0.0/0.0         0.0%   12       0         -
! supervisor/worker-1  worker      worker-1  running  6         700 (alarm)  2.5 s   0.0/0.0       0.0/0.0         0.0%   12       2         boom?at line 3
  admin                admin       main      running  -         0            -       0.0/0.0       1.3/20          50.0%  12       0         -

  THREAD    LOOP BUSY  LOOP DELAY  CPU    HEAP     EXTERNAL  ANSWERING
  main      25.0%      -           12.5%  3.0 MiB  1.0 MiB   yes
! worker-1  90.0%      3400 ms     -      3.0 MiB  1.0 MiB   no, as of 3.0 s ago
`,
    );
  });

  it("answers in JSON, as a tree", async () => {
    const page = await json("/actors?format=json");
    assert.equal(page.partial, true);
    assert.deepEqual(page.not_answering, [{ thread: "worker-1", report_age_ms: 3400 }]);
    assert.deepEqual(page.actors[0]?.child_ids, ["supervisor/worker-1"]);
    assert.equal(page.actors[0].children[0]?.last_error, "boom\nat line 3");
    assert.equal(page.actors[0].children[0].snapshot_version, 6);
    assert.deepEqual(page.threads[1], {
      thread: "worker-1",
      answering: false,
      age_ms: 3000,
      over_ms: 1000,
      event_loop_utilization: 0.9,
      event_loop_delay_ms: 3400,
      cpu_share: null,
      cpu_user_ms: 100,
      cpu_system_ms: 20,
      heap_used_bytes: 3145728,
      heap_total_bytes: 4194304,
      heap_limit_bytes: 1073741824,
      external_bytes: 1048576,
    });
  });

  const orders = [
    { sort: "id", first: "admin" },
    { sort: "mailbox", first: "supervisor/worker-1" },
    { sort: "oldest", first: "supervisor/worker-1" },
    { sort: "handle", first: "admin" },
    { sort: "busy", first: "admin" },
    { sort: "restarts", first: "supervisor/worker-1" },
    { sort: "version", first: "supervisor" },
    { sort: "loop", first: "supervisor/worker-1" },
    { sort: "cpu", first: "supervisor" },
  ];
  for (const { sort, first } of orders) {
    it(`sorted by ${sort} is a list with ${first} on top`, async () => {
      const { actors } = await json(`/actors?format=json&sort=${sort}`);
      assert.equal(actors[0]?.id, first);
      assert.equal(actors.length, 3);
      assert.ok(actors.every(({ children }) => children.length === 0));
      assert.equal(actors.find(({ id }) => id === "supervisor/worker-1")?.parent_id, "supervisor");
    });
  }

  it("refuses to sort by what it does not know, and names what it knows", async () => {
    const answer = await askAdmin(sampleProxy(), "/actors?sort=colour");
    assert.equal(answer.status, 400);
    assert.match(answer.body, /^sort must be one of id, mailbox, oldest, /);
  });

  for (const filter of ["WORKER-1", "boom"]) {
    it(`shows only those that match ${filter}`, async () => {
      const { actors } = await json(`/actors?format=json&filter=${filter}`);
      assert.deepEqual(
        actors.map(({ id }) => id),
        ["supervisor/worker-1"],
      );
    });
  }
});
