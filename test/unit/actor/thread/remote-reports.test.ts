import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ActorReport } from "../../../../src/actor/inspection/actor-report.ts";
import { RemoteReports } from "../../../../src/actor/thread/remote-reports.ts";
import { sampleActor } from "../../../harness/sample-admin-views.ts";

const report = (id: string, children: readonly ActorReport[] = []): ActorReport =>
  sampleActor({ id, kind: "test", thread: "far", attributes: {}, handled: 0, children });

describe("RemoteReports", () => {
  it("knows nothing before the first report, and blames nobody for it", () => {
    const reports = new RemoteReports();
    assert.equal(reports.root("worker", "here", 1000), undefined);
    assert.equal(reports.ageMs(1000), undefined);
    assert.equal(reports.answering(1000), true);
  });

  it("shows a remote actor and its children under another id, with their age", () => {
    const reports = new RemoteReports();
    reports.receive([report("worker", [report("worker/child")])], 100, 1000);
    const shown = reports.root("worker", "supervisor/worker-1", 1050);
    assert.equal(shown?.id, "supervisor/worker-1");
    assert.equal(shown.reportAgeMs, 50);
    assert.equal(shown.answering, true);
    assert.equal(shown.children[0]?.id, "supervisor/worker-1/child");
    assert.equal(shown.children[0]?.reportAgeMs, 50);
  });

  it("counts a thread as not answering once it has missed three reports", () => {
    const reports = new RemoteReports();
    reports.receive([report("worker", [report("worker/child")])], 100, 1000);
    assert.equal(reports.answering(1299), true);
    assert.equal(reports.answering(1300), false);
    assert.equal(reports.root("worker", "w", 1300)?.children[0]?.answering, false);
  });
});
