import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";
import { silentLogger } from "../../../../src/base/log.ts";
import { type EndpointsFile, EndpointsFiles } from "../../../../src/upstream/discovery/endpoints-files.ts";
import { FakeClock } from "../../../harness/fake-clock.ts";

/** Files whose readings wait until they are answered, with what was asked and told so far. */
function start(t: TestContext) {
  const clock = new FakeClock();
  const folder = mkdtempSync(path.join(tmpdir(), "troupe-endpoints-"));
  const reads: { file: string; names: readonly string[]; answer: (files: EndpointsFile[] | Error) => void }[] = [];
  const told: string[] = [];
  const files = new EndpointsFiles({
    read: (file, names) =>
      new Promise((resolve, reject) => {
        const answer = (all: EndpointsFile[] | Error): void => (all instanceof Error ? reject(all) : resolve(all));
        reads.push({ file: path.basename(file), names, answer });
      }),
    timers: clock.timers,
    log: silentLogger,
  });
  const stops: (() => void)[] = [];
  t.after(() => {
    for (const stop of stops) stop();
    rmSync(folder, { recursive: true });
  });
  const follow = (file: string, serviceName: string): (() => void) => {
    writeFileSync(path.join(folder, file), "1");
    const stop = files.follow(path.join(folder, file), null, {
      serviceName,
      onReading: () => void told.push(`${serviceName} reading`),
      onRead: (read) =>
        void told.push(`${serviceName} ${"problems" in read ? read.problems.join() : read.versionInfo}`),
    });
    stops.push(stop);
    return stop;
  };
  const change = (file: string): void => {
    writeFileSync(path.join(folder, file), "changed");
    clock.advance(1000);
    clock.advance(100);
  };
  return { reads, told, follow, change };
}

async function turn(): Promise<void> {
  for (let each = 0; each < 10; each++) await Promise.resolve();
}

const wrong = (...names: string[]): EndpointsFile[] => names.map((name) => ({ problems: [`wrong ${name}`] }));

describe("EndpointsFiles", () => {
  it("reads a file once for all who begin to follow it, and once for all when it changes", async (t) => {
    const { reads, told, follow, change } = start(t);
    for (const name of ["a", "b", "a"]) follow("x", name);
    await turn();
    assert.deepEqual(
      reads.map(({ names }) => names),
      [["a", "b"]],
    );
    reads[0]!.answer(wrong("a", "b"));
    await turn();
    assert.deepEqual(told.slice(3), ["a wrong a", "b wrong b", "a wrong a"]);
    change("x");
    await turn();
    assert.deepEqual(
      reads.map(({ names }) => names),
      [
        ["a", "b"],
        ["a", "b"],
      ],
    );
  });

  it("reads one file at a time", async (t) => {
    const { reads, follow } = start(t);
    for (const file of ["x", "y", "z"]) follow(file, "a");
    await turn();
    assert.deepEqual(
      reads.map(({ file }) => file),
      ["x"],
    );
    for (let done = 0; done < 3; done++) {
      reads[done]!.answer(wrong("a"));
      await turn();
    }
    assert.deepEqual(
      reads.map(({ file }) => file),
      ["x", "y", "z"],
    );
  });

  it("reads for the late ones when it has read for the others, and again what changed meanwhile", async (t) => {
    const { reads, told, follow, change } = start(t);
    follow("x", "a");
    await turn();
    follow("x", "b");
    change("x");
    await turn();
    assert.equal(reads.length, 1);
    reads[0]!.answer(wrong("a"));
    await turn();
    assert.deepEqual([...reads[1]!.names].sort(), ["a", "b"]);
    assert.deepEqual(told.slice(0, 2), ["a reading", "a wrong a"]);
  });

  it("tells those who have left nothing, and goes on when a reading fails", async (t) => {
    const { reads, told, follow } = start(t);
    const stop = follow("x", "gone");
    follow("x", "a");
    await turn();
    stop();
    reads[0]!.answer(new Error("no thread"));
    await turn();
    assert.deepEqual(told, ["gone reading", "a reading", "a Error: no thread"]);
    follow("x", "b");
    await turn();
    assert.deepEqual(reads[1]!.names, ["b"]);
  });
});
