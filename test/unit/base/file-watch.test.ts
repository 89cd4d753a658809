import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";
import { fileStamp, type StampedFile } from "../../../src/base/file-stamp.ts";
import { FileWatch } from "../../../src/base/file-watch.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { FakeClock } from "../../harness/fake-clock.ts";

function setUp(t: TestContext) {
  const folder = mkdtempSync(path.join(tmpdir(), "troupe-test-"));
  const clock = new FakeClock();
  let changes = 0;
  const watch = new FileWatch(clock.timers, silentLogger, () => changes++);
  t.after(() => {
    watch.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const file = (name: string): StampedFile => {
    const where = path.join(folder, name);
    writeFileSync(where, name);
    return { path: where, stamp: fileStamp(where) };
  };
  return { folder, clock, watch, file, changes: () => changes };
}

describe("FileWatch", () => {
  it("tells once of a certificate and its key that change one after the other", (t) => {
    const { clock, watch, file, changes } = setUp(t);
    const [cert, key] = [file("cert"), file("key")];
    watch.set([cert, key]);
    writeFileSync(cert.path, "other cert");
    writeFileSync(key.path, "other key");
    clock.advance(1100);
    assert.equal(changes(), 1);
    clock.advance(5000);
    assert.equal(changes(), 1);
  });

  it("counts a change from between the stamp and the watch", (t) => {
    const { clock, watch, file, changes } = setUp(t);
    const cert = file("cert");
    writeFileSync(cert.path, "changed");
    watch.set([cert]);
    clock.advance(100);
    assert.equal(changes(), 1);
  });

  it("follows links that are swapped, as Kubernetes does", (t) => {
    const { folder, clock, watch, changes } = setUp(t);
    for (const version of ["1", "2"]) {
      mkdirSync(path.join(folder, version));
      writeFileSync(path.join(folder, version, "cert"), version);
    }
    symlinkSync("1", path.join(folder, "..data"));
    symlinkSync(path.join("..data", "cert"), path.join(folder, "cert"));
    const cert = path.join(folder, "cert");
    watch.set([{ path: cert, stamp: fileStamp(cert) }]);
    symlinkSync("2", path.join(folder, "..new"));
    renameSync(path.join(folder, "..new"), path.join(folder, "..data"));
    clock.advance(1100);
    assert.equal(changes(), 1);
  });

  it("watches what the last configuration names, and nothing after it was stopped", (t) => {
    const { clock, watch, file, changes } = setUp(t);
    const [first, second] = [file("first"), file("second")];
    watch.set([first]);
    watch.set([second]);
    writeFileSync(first.path, "changed");
    clock.advance(1100);
    assert.equal(changes(), 0);
    writeFileSync(second.path, "changed");
    clock.advance(1100);
    assert.equal(changes(), 1);
    watch.stop();
    writeFileSync(second.path, "changed again");
    clock.advance(5000);
    assert.equal(changes(), 1);
  });
});
