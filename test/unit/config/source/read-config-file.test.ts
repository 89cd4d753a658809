import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it, type TestContext } from "node:test";
import { readConfigFile, readNamedFile } from "../../../../src/config/source/read-config-file.ts";
import { until } from "../../../harness/until.ts";

/** Long enough for a shell to start on a busy machine. */
const PATIENT_MS = 30_000;
const IMPATIENT_MS = 30;

describe("readConfigFile", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), "troupe-read-"));
  });
  after(() => rmSync(folder, { recursive: true }));

  function namedPipe(): string {
    const pipe = path.join(mkdtempSync(path.join(folder, "p")), "config.yaml");
    execFileSync("mkfifo", [pipe]);
    return pipe;
  }

  /** A shell that has the pipe as `$0`. It runs while the test's own thread waits. */
  function shell(t: TestContext, command: string, pipe: string): ChildProcess {
    const child = spawn("sh", ["-c", command, pipe], { stdio: "ignore" });
    t.after(() => child.kill("SIGKILL"));
    return child;
  }

  function textOf(file: string, quietMs: number): string {
    const { content, ...why } = readConfigFile(file, quietMs) as { content?: Uint8Array };
    assert.ok(content !== undefined, JSON.stringify(why));
    return Buffer.from(content).toString();
  }

  it("reads a file, also by a link", () => {
    const file = path.join(folder, "a.yaml");
    writeFileSync(file, "node: {}\n");
    symlinkSync(file, path.join(folder, "b.yaml"));
    assert.equal(textOf(path.join(folder, "b.yaml"), IMPATIENT_MS), "node: {}\n");
  });

  it("reads a pipe to its end, whose writer comes later and writes in parts", (t) => {
    const pipe = namedPipe();
    shell(t, '(sleep 0.2; echo a; sleep 0.2; echo b) >"$0"', pipe);
    assert.equal(textOf(pipe, PATIENT_MS), "a\nb\n");
  });

  it("gives a pipe up to which nobody writes", () => {
    assert.deepEqual(readConfigFile(namedPipe(), IMPATIENT_MS), {
      message: "is a pipe, and nothing came from it for 0.03 s",
      hint: "write the configuration to it, or name a file",
    });
  });

  it("gives a pipe up that is left open in the middle", async (t) => {
    const pipe = namedPipe();
    const writer = shell(t, 'exec 3<>"$0"; echo half >&3; kill -STOP $$', pipe);
    await until(
      "the stop of the writer",
      () => readFileSync(`/proc/${writer.pid}/stat`, "utf8").includes(") T "),
      PATIENT_MS,
    );
    assert.deepEqual(readConfigFile(pipe, IMPATIENT_MS), {
      message: "is a pipe, and 5 bytes came from it, then nothing for 0.03 s",
      hint: "close it at the end",
    });
  });

  it("says that a socket can't be opened", async (t) => {
    const socket = path.join(folder, "s.sock");
    const server = createServer().listen(socket);
    t.after(() => server.close());
    await new Promise((resolve) => server.once("listening", resolve));
    assert.deepEqual(readConfigFile(socket), {
      message: "is a socket, which can't be opened as a file",
      hint: "give a file or a pipe",
    });
  });

  it("never waits for a pipe that a setting names", () => {
    assert.deepEqual(readNamedFile(namedPipe()), { message: "it is not a regular file" });
    assert.deepEqual(readNamedFile(path.join(folder, "none")), { message: "no such file" });
  });
});
