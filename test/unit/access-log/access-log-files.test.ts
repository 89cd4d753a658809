import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { AccessLogFiles } from "../../../src/access-log/access-log-files.ts";
import { FakeClock } from "../../harness/fake-clock.ts";
import { FakeLogDisk } from "../../harness/fake-log-disk.ts";
import { RecordingStats } from "../../harness/recording-stats.ts";

function makeFiles() {
  const clock = new FakeClock();
  const disk = new FakeLogDisk();
  const stats = new RecordingStats();
  const files = new AccessLogFiles({ timers: clock.timers, stats, disk });
  return { clock, disk, stats, files };
}

describe("AccessLogFiles", () => {
  it("writes what has gathered when the interval is over", () => {
    const { clock, disk, stats, files } = makeFiles();
    const file = files.open("/log");
    file.write("a\n");
    file.write("b\n");
    clock.advance(9_990);
    assert.equal(disk.waitingWrites, 0);
    assert.equal(stats.value("filesystem.write_total_buffered"), 4);
    clock.advance(20);
    disk.complete();
    assert.deepEqual(disk.writes, ["/log: a\nb\n"]);
    assert.deepEqual(stats.nonZero(), {
      "filesystem.flushed_by_timer": 1,
      "filesystem.write_buffered": 2,
      "filesystem.write_completed": 1,
    });
    assert.equal(clock.timers.armedCount, 0);
  });

  it("writes at once when 64 KiB have gathered, one write at a time", () => {
    const { disk, stats, files } = makeFiles();
    const file = files.open("/log");
    const line = `${"x".repeat(1023)}\n`;
    for (let i = 0; i < 200; i++) file.write(line);
    assert.equal(disk.waitingWrites, 1);
    disk.complete();
    assert.deepEqual(
      disk.writes.map((text) => text.length - "/log: ".length),
      [65_536, 200 * 1024 - 65_536],
    );
    assert.equal(stats.value("filesystem.flushed_by_timer"), 0);
    assert.equal(stats.value("filesystem.write_total_buffered"), 0);
  });

  it("goes on where a short write ended", () => {
    const { disk, stats, files } = makeFiles();
    disk.largestWrite = 3;
    files.open("/log").write("abcdefgh\n");
    files.drain(() => {});
    disk.complete();
    assert.equal(disk.files.get("/log"), "abcdefgh\n");
    assert.equal(stats.value("filesystem.write_completed"), 1);
  });

  it("loses and counts what a full disk does not take, and goes on", () => {
    const { clock, disk, stats, files } = makeFiles();
    const file = files.open("/log");
    file.write("lost\n");
    disk.writeError = "ENOSPC";
    clock.advance(10_010);
    disk.complete();
    assert.equal(stats.value("filesystem.write_failed"), 1);
    disk.writeError = null;
    file.write("kept\n");
    clock.advance(10_010);
    disk.complete();
    assert.equal(disk.files.get("/log"), "kept\n");
  });

  it("drops lines and counts them when a slow disk leaves too much in memory", () => {
    const { disk, stats, files } = makeFiles();
    const file = files.open("/log");
    const line = `${"x".repeat(65_535)}\n`;
    for (let i = 0; i < 100; i++) file.write(line);
    assert.equal(disk.waitingWrites, 1);
    assert.equal(stats.value("filesystem.write_total_buffered"), 64 * 65_536);
    assert.equal(stats.value("filesystem.write_dropped"), 100 - 65);
    disk.complete();
    assert.equal(disk.files.get("/log")?.length, 65 * 65_536);
  });

  it("writes whole lines of at most 4 KiB to a pipe", () => {
    const { clock, disk, files } = makeFiles();
    disk.regular = false;
    const file = files.open("/pipe");
    for (let i = 0; i < 10; i++) file.write(`${i}${"x".repeat(999)}\n`);
    file.write(`${"y".repeat(5000)}\n`);
    file.write("end\n");
    clock.advance(10_010);
    disk.complete();
    const sizes = disk.writes.map((text) => text.length - "/pipe: ".length);
    assert.deepEqual(sizes, [4004, 4004, 2002, 5001, 4]);
    assert.ok(disk.writes.every((text) => text.endsWith("\n")));
  });

  it("tries a full pipe again later", () => {
    const { clock, disk, stats, files } = makeFiles();
    const file = files.open("/pipe");
    file.write("a\n");
    clock.advance(10_010);
    disk.writeError = "EAGAIN";
    disk.complete(false);
    file.write("b\n");
    assert.equal(disk.waitingWrites, 0);
    disk.writeError = null;
    clock.advance(110);
    disk.complete();
    clock.advance(10_010);
    disk.complete();
    assert.equal(disk.files.get("/pipe"), "a\nb\n");
    assert.equal(stats.value("filesystem.write_failed"), 0);
  });

  it("opens a renamed file anew, letting a write on its way finish in the old one", () => {
    const { clock, disk, files } = makeFiles();
    const file = files.open("/log");
    file.write("old\n");
    clock.advance(10_010);
    disk.rename("/log", "/log.1");
    files.reopen();
    file.write("new\n");
    disk.complete();
    clock.advance(10_010);
    disk.complete();
    assert.equal(disk.files.get("/log.1"), "old\n");
    assert.equal(disk.files.get("/log"), "new\n");
    assert.deepEqual(disk.closed, ["/log.1"]);
  });

  it("stays with the old file if the new one can't be opened", () => {
    const { disk, stats, files } = makeFiles();
    const file = files.open("/log");
    disk.openError = "EACCES";
    files.reopen();
    file.write("a\n");
    files.flushSync();
    assert.equal(disk.files.get("/log"), "a\n");
    assert.equal(stats.value("filesystem.reopen_failed"), 1);
  });

  it("writes everything while the thread waits, when asked", () => {
    const { clock, disk, stats, files } = makeFiles();
    files.open("/a").write("a\n");
    files.open("/b").write("b\n");
    disk.largestWrite = 1;
    files.flushSync();
    assert.equal(disk.files.get("/a"), "a\n");
    assert.equal(disk.files.get("/b"), "b\n");
    assert.equal(stats.value("filesystem.write_total_buffered"), 0);
    assert.equal(clock.timers.armedCount, 0);
  });

  it("writes the rest of a stalled write while the thread waits", () => {
    const { clock, disk, files } = makeFiles();
    files.open("/a").write("a\n");
    clock.advance(10_010);
    disk.writeError = "EAGAIN";
    disk.complete(false);
    disk.writeError = null;
    files.flushSync();
    assert.equal(disk.files.get("/a"), "a\n");
  });

  it("says when all is written", () => {
    const { disk, files } = makeFiles();
    let drained = 0;
    files.drain(() => drained++);
    assert.equal(drained, 1);
    files.open("/a").write("a\n");
    files.open("/b").write("b\n");
    files.open("/c");
    files.drain(() => drained++);
    assert.equal(drained, 1);
    disk.complete();
    assert.equal(drained, 2);
  });

  it("shares a file between its users and closes it behind the last, when all is written", () => {
    const { clock, disk, files } = makeFiles();
    const file = files.open("/log");
    assert.equal(files.open("/log"), file);
    file.write("a\n");
    files.release("/log");
    assert.equal(disk.waitingWrites, 0);
    files.release("/log");
    assert.deepEqual(disk.closed, []);
    disk.complete();
    assert.deepEqual(disk.closed, ["/log"]);
    assert.equal(disk.files.get("/log"), "a\n");
    assert.equal(clock.timers.armedCount, 0);
    assert.notEqual(files.open("/log"), file);
  });

  it("names the file that it can't open", () => {
    const { disk, files } = makeFiles();
    disk.openError = "EACCES";
    assert.throws(() => files.open("/log"), /can't open the access log \/log: EACCES/);
  });

  it("writes standard output soon, without its own path", () => {
    const { clock, disk, files } = makeFiles();
    files.open("/dev/stdout").write("a\n");
    clock.advance(210);
    disk.complete();
    assert.deepEqual(disk.writes, ["fd 1: a\n"]);
    files.release("/dev/stdout");
    assert.deepEqual(disk.closed, []);
  });

  it("opens a pipe on standard output a second time, so as not to block", () => {
    const { clock, disk, files } = makeFiles();
    disk.regular = false;
    files.open("/dev/stderr").write("a\n");
    clock.advance(210);
    disk.complete();
    assert.deepEqual(disk.writes, ["/proc/self/fd/2: a\n"]);
  });

  it("is not done before files that nobody has open any more are written", () => {
    const { disk, files } = makeFiles();
    const file = files.open("/log");
    file.write("a\n");
    files.release("/log");
    let drained = false;
    files.drain(() => {
      drained = true;
    });
    assert.deepEqual([drained, disk.waitingWrites], [false, 1]);
    disk.complete();
    assert.deepEqual([drained, disk.files.get("/log"), disk.closed], [true, "a\n", ["/log"]]);
    files.drain(() => disk.closed.push("at once"));
    assert.deepEqual(disk.closed, ["/log", "at once"]);
  });

  it("writes the rest of files that nobody has open any more when the thread ends", () => {
    const { disk, files } = makeFiles();
    disk.regular = false;
    const file = files.open("/pipe");
    const line = `${"x".repeat(3000)}\n`;
    file.write(line);
    file.write("rest\n");
    file.write(line);
    files.release("/pipe");
    files.flushSync();
    disk.complete();
    assert.equal(disk.writes.length, 2);
    assert.equal(disk.files.get("/pipe")!.length, line.length * 2 + 5);
  });
});
