import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";

const MODULE = new URL("../../../actors/compile-cache.ts", import.meta.url).href;

/** What a process of its own says, since the cache of this one can be chosen only once. */
const SCRIPT = `
  const { keepCompiledCode } = await import("${MODULE}");
  const folder = keepCompiledCode(process.env);
  console.log(JSON.stringify([folder ?? null, process.env.NODE_COMPILE_CACHE ?? null]));
`;

describe("keepCompiledCode", () => {
  let home: string;

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), "troupe-cache-"));
  });
  afterEach(() => rmSync(home, { recursive: true }));

  function run(environment: Record<string, string>): [string | null, string | null] {
    const env = { PATH: process.env.PATH, HOME: home, ...environment };
    const args = ["--input-type=module", "-e", SCRIPT];
    return JSON.parse(execFileSync(process.execPath, args, { env, encoding: "utf8" }));
  }

  it("keeps compiled code in a folder of the user's own, and tells threads of it", () => {
    const folder = join(home, ".cache", "troupe");
    assert.deepEqual(run({}), [folder, folder]);
    assert.equal(statSync(folder).mode & 0o777, 0o700);
    assert.equal(readdirSync(folder).length, 1);
  });

  it("uses the folder that XDG_CACHE_HOME names, if it is absolute", () => {
    const folder = join(home, "elsewhere", "troupe");
    assert.deepEqual(run({ XDG_CACHE_HOME: join(home, "elsewhere") }), [folder, folder]);
    assert.equal(run({ XDG_CACHE_HOME: "elsewhere" })[0], join(home, ".cache", "troupe"));
  });

  it("leaves it to NODE_COMPILE_CACHE and NODE_DISABLE_COMPILE_CACHE", () => {
    assert.deepEqual(run({ NODE_COMPILE_CACHE: join(home, "mine") }), [null, join(home, "mine")]);
    assert.deepEqual(run({ NODE_DISABLE_COMPILE_CACHE: "1" }), [null, null]);
    assert.equal(existsSync(join(home, ".cache")), false);
  });

  it("keeps nothing in a folder that others can write to", () => {
    const folder = join(home, ".cache", "troupe");
    mkdirSync(folder, { recursive: true });
    chmodSync(folder, 0o777);
    assert.deepEqual(run({}), [null, null]);
    assert.deepEqual(readdirSync(folder), []);
  });

  it("does without where no folder can be made", () => {
    assert.deepEqual(run({ HOME: "/dev/null" }), [null, null]);
  });
});
