import assert from "node:assert/strict";
import { execFile, execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { create, toBinary } from "@bufbuild/protobuf";
import { BootstrapSchema } from "../../src/proto/gen/envoy/config/bootstrap/v3/bootstrap_pb.js";
import { runTroupe, TROUPE_MAIN } from "../harness/run-troupe.ts";

/** Each level repeats the one before ten times. */
function aliasBomb(levels: number): string {
  const lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"];
  for (let i = 1; i < levels; i++)
    lines.push(
      `a${i}: &a${i} [${Array(10)
        .fill(`*a${i - 1}`)
        .join(", ")}]`,
    );
  return `${lines.join("\n")}\n`;
}

const brackets = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);
const indented = Array.from({ length: 10_000 }, (_, depth) => `${" ".repeat(depth)}a:\n`).join("");

const REFUSED: readonly { name: string; file: string; content?: string | Uint8Array; says: RegExp }[] = [
  {
    name: "100 MiB",
    file: "huge.yaml",
    content: Buffer.alloc(100 * 1024 * 1024, "a: b\n"),
    says: /^huge\.yaml: larger than 48 MiB/,
  },
  {
    name: "an alias bomb",
    file: "bomb.yaml",
    content: aliasBomb(12),
    says: /^bomb\.yaml:\d+:\d+: more than 5000000 values/,
  },
  {
    name: "10,000 brackets in YAML",
    file: "deep.yaml",
    content: `node: ${brackets(10_000)}`,
    says: /nested more than 100 deep/,
  },
  {
    name: "10,000 brackets in JSON",
    file: "deep.json",
    content: `{"node": ${brackets(10_000)}}`,
    says: /nested more than 100 deep/,
  },
  { name: "10,000 levels of indentation", file: "indented.yaml", content: indented, says: /nested more than 100 deep/ },
  {
    name: "a key given twice",
    file: "twice.yaml",
    content: "node: { id: a1 }\nnode: { id: b1 }\n",
    says: /^twice\.yaml:2:1: duplicate key "node"\n/,
  },
  { name: "nothing", file: "empty.yaml", content: "", says: /^empty\.yaml: the configuration is empty\n/ },
  {
    name: "nothing but a comment",
    file: "comment.yaml",
    content: "# none\n",
    says: /^comment\.yaml: the configuration is empty\n/,
  },
  { name: "a list", file: "list.yaml", content: "- a\n", says: /^list\.yaml:1:1: expected a map .*, found a list\n/ },
  {
    name: "two documents",
    file: "two.yaml",
    content: "node: {}\n---\nnode: {}\n",
    says: /^two\.yaml:2:1: more than one YAML document\n/,
  },
  { name: "tabs", file: "tabs.yaml", content: "node:\n\tid: a1\n", says: /^tabs\.yaml:2:1: Tabs are not allowed/ },
  {
    name: "random bytes",
    file: "random.yaml",
    content: randomBytes(100_000),
    says: /^random\.yaml: not valid UTF-8\n/,
  },
  {
    name: "random bytes as .pb",
    file: "random.pb",
    content: Buffer.alloc(1000, 0xff),
    says: /^random\.pb: not a binary .*Bootstrap: /,
  },
  {
    name: "names that JavaScript gives a meaning",
    file: "proto.yaml",
    content: "__proto__: { a: b }\nconstructor: 1\n",
    says: /^proto\.yaml:1:1: __proto__: .* has no field "__proto__"\nproto\.yaml:2:1: constructor: /,
  },
  {
    name: "a folder",
    file: "folder.yaml",
    says: /^folder\.yaml: is a directory \(-c names the configuration file\)\n/,
  },
  {
    name: "a file that is not there",
    file: "none.yaml",
    says: /^none\.yaml: no such file \(-c names the configuration file\)\n/,
  },
  { name: "a device without end", file: "/dev/zero", says: /^\/dev\/zero: larger than 48 MiB/ },
  { name: "a file it may not read", file: "/proc/1/mem", says: /^\/proc\/1\/mem: / },
];

const ACCEPTED: readonly { name: string; file: string; content: string | Uint8Array }[] = [
  { name: "a byte order mark", file: "bom.yaml", content: "\ufeffnode: { id: a1 }\n" },
  { name: "lines that end like Windows'", file: "crlf.yaml", content: "node:\r\n  id: a1\r\n" },
  { name: "JSON in a file of any name", file: "config.txt", content: '{"node": {"id": "a1"}}' },
  {
    name: "a binary bootstrap",
    file: "binary.pb",
    content: toBinary(BootstrapSchema, create(BootstrapSchema, { node: { id: "a1" } })),
  },
];

describe("A configuration file", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), "troupe-hostile-"));
    mkdirSync(path.join(folder, "folder.yaml"));
  });
  after(() => rmSync(folder, { recursive: true }));

  for (const { name, file, content, says } of REFUSED) {
    it(`refuses ${name} with a clear error, soon, and exits 1`, async () => {
      if (content !== undefined) writeFileSync(path.join(folder, file), content);
      const { exitCode, stdout, stderr } = await runTroupe(["--mode", "validate", "-c", file], { cwd: folder });
      assert.deepEqual([exitCode, stderr], [1, ""]);
      assert.match(stdout, says);
      assert.match(stdout, /\nconfiguration '.*' is refused: \d errors?\n$/);
    });
  }

  for (const { name, file, content } of ACCEPTED) {
    it(`accepts ${name}`, async () => {
      writeFileSync(path.join(folder, file), content);
      const { exitCode, stdout } = await runTroupe(["--mode", "validate", "-c", file], { cwd: folder });
      assert.deepEqual([exitCode, stdout], [0, `configuration '${file}' OK\n`]);
    });
  }

  it("reads a pipe, which can be read only once, also to start with", async () => {
    const pipe = path.join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    const writer = spawn("sh", ["-c", 'echo "node: { id: a1 }" >"$0"', pipe]);
    const { exitCode, stderr } = await runTroupe(["--mode", "init_only", "-c", pipe, "--concurrency", "1"]);
    writer.kill();
    assert.equal(exitCode, 0, stderr);
  });

  for (const [name, command] of [
    ["from a command", 'exec "$@" -c <(sleep 0.3; echo "node: { id: a1 }")'],
    ["from /dev/stdin", 'echo "node: { id: a1 }" | "$@" -c /dev/stdin'],
  ] as const) {
    it(`reads a configuration ${name}`, async () => {
      const args = ["-c", command, "bash", process.execPath, TROUPE_MAIN, "--mode", "validate"];
      const { stdout } = await promisify(execFile)("bash", args, { timeout: 20_000 });
      assert.match(stdout, /^configuration '\/dev\/(fd\/\d+|stdin)' OK\n$/);
    });
  }

  it("tells programs by --format json", async () => {
    writeFileSync(path.join(folder, "json.yaml"), "nope: 1\n");
    const run = await runTroupe(["--mode", "validate", "--format", "json", "-c", "json.yaml"], { cwd: folder });
    assert.equal(run.exitCode, 1);
    const { valid, problems } = JSON.parse(run.stdout) as { valid: boolean; problems: Record<string, unknown>[] };
    assert.equal(valid, false);
    const { severity, file, line, column, path: where } = problems[0] ?? {};
    assert.deepEqual([severity, file, line, column, where], ["error", "json.yaml", 1, 1, "nope"]);
  });
});

describe("troupe with a configuration that is refused", () => {
  it("does not serve: one clear error on standard error, no stack, exit code 1", async () => {
    const { exitCode, stdout, stderr } = await runTroupe(["-c", "none.yaml"], { cwd: tmpdir() });
    assert.deepEqual([exitCode, stdout], [1, ""]);
    assert.match(stderr, /^troupe: the configuration is refused\nnone\.yaml: no such file/);
    assert.doesNotMatch(stderr, /\n {4}at /);
  });
});
