import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";
import { fileStamp } from "../../../src/base/file-stamp.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { PathWatch } from "../../../src/base/path-watch.ts";
import { FakeClock } from "../../harness/fake-clock.ts";

function setUp(t: TestContext) {
  const folder = mkdtempSync(path.join(tmpdir(), "troupe-test-"));
  const file = path.join(folder, "config.yaml");
  writeFileSync(file, "a");
  const clock = new FakeClock();
  let changes = 0;
  const watch = (since: string): void => {
    const watching = new PathWatch(file, since, clock.timers, silentLogger, () => changes++);
    t.after(() => watching.stop());
  };
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return { file, clock, watch, changes: () => changes };
}

describe("PathWatch", () => {
  it("counts a change from before the watch began", (t) => {
    const { file, clock, watch, changes } = setUp(t);
    const since = fileStamp(file);
    writeFileSync(file, "changed");
    watch(since);
    clock.advance(100);
    assert.equal(changes(), 1);
    clock.advance(5000);
    assert.equal(changes(), 1);
  });

  it("says nothing of a file that stays as it is", (t) => {
    const { file, clock, watch, changes } = setUp(t);
    watch(fileStamp(file));
    clock.advance(5000);
    assert.equal(changes(), 0);
  });

  it("finds by looking what the system does not tell", (t) => {
    const { file, clock, watch, changes } = setUp(t);
    watch(fileStamp(file));
    // No turn of the event loop passes: the system's own news can't have come.
    writeFileSync(file, "changed");
    clock.advance(1000);
    clock.advance(100);
    assert.equal(changes(), 1);
  });

  it("waits for a file that is away to come back", (t) => {
    const { file, clock, watch, changes } = setUp(t);
    watch(fileStamp(file));
    rmSync(file);
    clock.advance(1100);
    assert.equal(changes(), 0);
    writeFileSync(file, "back");
    clock.advance(1100);
    assert.equal(changes(), 1);
  });
});
