import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { AccessLogFiles } from "../../../src/access-log/access-log-files.ts";
import { FakeClock } from "../../harness/fake-clock.ts";
import { RecordingStats } from "../../harness/recording-stats.ts";

describe("Access logs on a real disk", () => {
  const folder = mkdtempSync(join(tmpdir(), "troupe-log-"));
  after(() => rmSync(folder, { recursive: true }));

  function makeFiles() {
    const clock = new FakeClock();
    return { clock, files: new AccessLogFiles({ timers: clock.timers, stats: new RecordingStats() }) };
  }

  const drained = (files: AccessLogFiles): Promise<void> => new Promise((resolve) => files.drain(resolve));

  it("appends the bytes of several workers line by line", async () => {
    const path = join(folder, "shared");
    const workers = [makeFiles(), makeFiles()];
    for (const [i, { files }] of workers.entries()) {
      const file = files.open(path);
      for (let n = 0; n < 5000; n++) file.write(`${i} ${n} \u00c3\u00a9\n`);
    }
    await Promise.all(workers.map(({ files }) => drained(files)));
    const lines = readFileSync(path, "utf8").trimEnd().split("\n");
    assert.equal(lines.length, 10_000);
    assert.deepEqual(
      lines.filter((line) => !/^[01] \d+ é$/.test(line)),
      [],
    );
    assert.deepEqual(
      lines.filter((line) => line.startsWith("1")),
      Array.from({ length: 5000 }, (_, n) => `1 ${n} é`),
    );
  });

  it("follows a rotation", async () => {
    const { files } = makeFiles();
    const path = join(folder, "rotated");
    const file = files.open(path);
    file.write("before\n");
    await drained(files);
    renameSync(path, `${path}.1`);
    files.reopen();
    file.write("after\n");
    files.flushSync();
    assert.equal(readFileSync(`${path}.1`, "utf8"), "before\n");
    assert.equal(readFileSync(path, "utf8"), "after\n");
  });

  it("names a path that can't be opened", () => {
    assert.throws(() => makeFiles().files.open(join(folder, "no", "such")), /can't open the access log .*ENOENT/);
  });

  it("loses lines, and nothing else, on a full disk", async (t) => {
    const stats = new RecordingStats();
    const files = new AccessLogFiles({ timers: new FakeClock().timers, stats });
    try {
      files.open("/dev/full").write("a\n");
    } catch {
      t.skip("there is no /dev/full here");
      return;
    }
    await drained(files);
    assert.equal(stats.value("filesystem.write_failed"), 1);
  });
});
