import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { readRegularFile } from "../../../src/base/read-regular-file.ts";

describe("readRegularFile", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), "troupe-regular-"));
  });
  after(() => rmSync(folder, { recursive: true }));

  it("reads a file, of a large one a byte more than the limit", () => {
    const file = path.join(folder, "a");
    writeFileSync(file, "x".repeat(10_000));
    assert.equal(readRegularFile(file, 10_000).toString(), "x".repeat(10_000));
    assert.equal(readRegularFile(file, 9999).length, 10_000);
    assert.equal(readRegularFile(file, 5000).length, 5001);
  });

  it("reads files that say they are empty and are not", () => {
    assert.match(readRegularFile("/proc/self/status", 1_000_000).toString(), /^Name:/);
    assert.ok(readRegularFile("/proc/self/maps", 1_000_000).length > 4097);
  });

  it("refuses pipes, devices and folders, without waiting", () => {
    const pipe = path.join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    for (const file of [pipe, "/dev/zero", folder]) {
      assert.throws(() => readRegularFile(file, 100), { message: "it is not a regular file" });
    }
  });
});
