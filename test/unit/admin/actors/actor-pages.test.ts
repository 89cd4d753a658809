import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Known } from "../../../../src/actor/inspection/actor-inspection.ts";
import { shownState } from "../../../../src/actor/inspection/shown-state.ts";
import { askAdmin } from "../../../harness/ask-admin.ts";
import { SampleProxy, sampleActor } from "../../../harness/sample-admin-views.ts";

const now = <T>(value: T): Known<T> => ({ value, answering: true, ageMs: 0, reason: undefined });
const old = <T>(value: T | undefined): Known<T> => ({ value, answering: false, ageMs: 12_000, reason: "no reply" });

function proxyWith(question: string, answer: Known<unknown>): SampleProxy {
  const proxy = new SampleProxy();
  proxy.actors = [sampleActor({ children: [sampleActor({ id: "supervisor/worker-1", kind: "worker" })] })];
  proxy.actorAnswers.set(question, answer);
  return proxy;
}

describe("/actors/ID", () => {
  const question = "state supervisor/worker-1";

  it("shows what the actor says of itself", async () => {
    const proxy = proxyWith(question, now(shownState({ connections: 3 })));
    const { body } = await askAdmin(proxy, "/actors/supervisor/worker-1");
    assert.match(body, /^actor +supervisor\/worker-1\nkind +worker\n/);
    assert.match(body, /\n\{\n {2}"connections": 3\n\}\n$/);
    const page = (await askAdmin(proxy, "/actors/supervisor%2Fworker-1?format=json")).json() as Record<string, unknown>;
    assert.deepEqual(page.state, { connections: 3 });
    assert.deepEqual([page.id, page.answering, page.truncated], ["supervisor/worker-1", true, false]);
    assert.equal((page.actor as { kind: string }).kind, "worker");
  });

  it("shows the last known state of one that does not answer, with its age", async () => {
    const proxy = proxyWith(question, old(shownState({ connections: 3 })));
    const { body } = await askAdmin(proxy, "/actors/supervisor/worker-1");
    assert.match(body, /^partial: it does not answer \(no reply\); this is as of 12\.0 s ago\n/);
    assert.match(body, /"connections": 3/);
  });

  it("says so if nothing is known from before", async () => {
    const { body } = await askAdmin(proxyWith(question, old(undefined)), "/actors/supervisor/worker-1");
    assert.match(body, /^partial: .*; nothing is known of it from before\n/);
  });

  it("knows workers by their name alone, too", async () => {
    const proxy = proxyWith(question, now(shownState({ connections: 3 })));
    assert.match((await askAdmin(proxy, "/actors/worker-1")).body, /"connections": 3/);
  });

  it("answers 404 for an actor that does not exist", async () => {
    for (const page of ["/actors/nobody", "/actors/nobody/messages", "/actors/nobody/history"]) {
      const answer = await askAdmin(new SampleProxy(), page);
      assert.deepEqual(
        [answer.status, answer.body],
        [404, "no such actor: nobody; /actors lists them (troupe actors)\n"],
      );
    }
  });
});

describe("/actors/ID/messages", () => {
  const record = {
    messageType: "flush",
    sizeBytes: undefined,
    waitMs: 0.5,
    handleMs: 1.25,
    outcome: "handled",
    atWallMs: 1000,
  };

  it("lists the last messages without their bodies", async () => {
    const proxy = proxyWith("messages supervisor", now([record]));
    assert.equal(
      (await askAdmin(proxy, "/actors/supervisor/messages")).body,
      `AT                        MESSAGE  BYTES  WAITED   TOOK     OUTCOME
1970-01-01T00:00:01.000Z  flush    -      0.50 ms  1.25 ms  handled
`,
    );
    const page = (await askAdmin(proxy, "/actors/supervisor/messages?format=json")).json() as Record<string, unknown>;
    assert.deepEqual(page.messages, [
      { at_ms: 1000, type: "flush", size_bytes: null, wait_ms: 0.5, handle_ms: 1.25, outcome: "handled" },
    ]);
  });
});

describe("/actors/ID/history", () => {
  const events = [
    { atWallMs: 1000, event: "crashed", detail: "boom\u001b[31m", stack: "Error: boom\n    at f (a.ts:3:1)" },
    { atWallMs: 2000, event: "snapshotRefused", detail: "unknown field", place: "static_resources.clusters[3].nmae" },
  ];

  it("lists events with stacks and with the path that caused a refusal", async () => {
    const proxy = proxyWith("history supervisor", now(events));
    assert.equal(
      (await askAdmin(proxy, "/actors/supervisor/history")).body,
      `1970-01-01T00:00:01.000Z  crashed  boom?[31m
    Error: boom
        at f (a.ts:3:1)
1970-01-01T00:00:02.000Z  snapshotRefused  static_resources.clusters[3].nmae  unknown field
`,
    );
    const page = (await askAdmin(proxy, "/actors/supervisor/history?format=json")).json() as {
      events: { place: string | null }[];
    };
    assert.deepEqual(
      page.events.map(({ place }) => place),
      [null, "static_resources.clusters[3].nmae"],
    );
  });
});

describe("/dead_letters", () => {
  it("shows those of all threads, and who does not answer", async () => {
    const proxy = new SampleProxy();
    const recent = [{ to: "admin", messageType: "hello", reason: "unhandled" as const, atWallMs: 1000 }];
    proxy.deadLetters = [
      { thread: "main", letters: now({ total: 7, recent }) },
      { thread: "worker-1", letters: old({ total: 2, recent: [] }) },
    ];
    assert.equal(
      (await askAdmin(proxy, "/dead_letters")).body,
      `partial: worker-1 does not answer; shown as of 12.0 s ago
main: 7
worker-1: 2

AT                        THREAD  TO     MESSAGE  REASON
1970-01-01T00:00:01.000Z  main    admin  hello    unhandled
`,
    );
    const page = (await askAdmin(proxy, "/dead_letters?format=json")).json() as Record<string, unknown>;
    assert.equal(page.partial, true);
  });
});
