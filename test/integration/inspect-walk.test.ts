/**
 * Runs the commands of docs/inspect.md on the demo, in their order, and compares what they print with what the page shows.
 * `npm run docs:inspect` writes what they print into the page.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it, type TestContext } from "node:test";
import { adminRequest } from "../harness/admin-request.ts";
import { asShown, shapeProblem, type WalkStep, walkSteps } from "../harness/doc-walk.ts";
import { ANY_PORTS, RunningDemo } from "../harness/running-demo.ts";
import { PATIENCE_MS, untilAsked } from "../harness/until.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");
const PAGE = path.join(ROOT, "docs/inspect.md");
const PAGE_CONFIG = "/tmp/troupe-demo-X15bsF/demo.yaml";
const UPDATES = process.env.UPDATE_DOCS === "1";
const COMMAND_MS = 30_000;

/** A shell with the demo behind the ports that the page names, and a `curl` that notes the status of each answer. */
class WalkShell {
  readonly #folder = mkdtempSync(path.join(tmpdir(), "troupe-walk-"));
  readonly #statusFile = path.join(this.#folder, "statuses");
  readonly #background: number[] = [];
  readonly #demo: RunningDemo;
  #ports: readonly (readonly [page: number, real: number])[] = [];
  #configPath = "";

  private constructor(demo: RunningDemo) {
    this.#demo = demo;
  }

  static async start(demo: RunningDemo): Promise<WalkShell> {
    const shell = new WalkShell(demo);
    const admin = await demo.adminPort();
    shell.#ports = [
      [10_000, await demo.proxyPort()],
      [9901, admin],
    ];
    shell.#configPath = await demo.configPath();
    appendFileSync(shell.#statusFile, "");
    // What is written behind -w comes on its own stream, so that the output is what the page shows.
    shell.#program("curl", `exec /usr/bin/curl -sS -w '%{stderr}%{http_code}\\n' "$@" 2>> "$STATUS_FILE"`);
    const troupe = path.join(ROOT, "actors/troupe.ts");
    shell.#program("troupe", `exec '${process.execPath}' '${troupe}' "$@" --admin 127.0.0.1:${admin}`);
    return shell;
  }

  /** Runs a command; answers what it printed, as it would be on the page. A `&` at its end leaves it running. */
  async run(command: string): Promise<string[]> {
    const real = this.#ports.reduce((text, [page, port]) => text.replaceAll(`:${page}`, `:${port}`), command);
    const script = real.replaceAll(PAGE_CONFIG, this.#configPath);
    const before = await this.#version();
    const isBackground = script.endsWith("&");
    const child = spawn("/bin/sh", ["-c", isBackground ? `exec ${script.slice(0, -1)}` : script], {
      env: {
        ...process.env,
        PATH: `${this.#folder}:${process.env.PATH}`,
        STATUS_FILE: isBackground ? "/dev/null" : this.#statusFile,
      },
      stdio: ["ignore", "pipe", "pipe"],
      ...(!isBackground && { timeout: COMMAND_MS }),
    });
    if (isBackground) {
      this.#background.push(child.pid ?? 0);
      return [];
    }
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk: Buffer) => (output += chunk));
    const [code] = await once(child, "close");
    assert.equal(code, 0, `${command} ended with ${code}:\n${output}`);
    if (command.startsWith("sed -i")) {
      await untilAsked("the changed file in force", async () => (await this.#version()) > before);
    }
    return this.#asOnPage(output).split("\n");
  }

  /** The statuses that curl has seen since the last call. */
  statuses(): string[] {
    const statuses = readFileSync(this.#statusFile, "utf8").trim().split("\n");
    writeFileSync(this.#statusFile, "");
    return statuses;
  }

  close(): void {
    for (const pid of this.#background) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It has ended by itself.
      }
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #program(name: string, script: string): void {
    const file = path.join(this.#folder, name);
    writeFileSync(file, `#!/bin/sh\n${script}\n`);
    chmodSync(file, 0o755);
  }

  #asOnPage(output: string): string {
    const text = this.#ports.reduce((before, [page, port]) => before.replaceAll(`:${port}`, `:${page}`), output);
    // Comments in a stream of events only keep it going.
    return text.replaceAll(this.#configPath, PAGE_CONFIG).replace(/^:\n\n/gm, "");
  }

  async #version(): Promise<number> {
    const port = await this.#demo.adminPort();
    const { body } = await adminRequest({ port, path: "/config_status?format=json", deadlineMs: PATIENCE_MS });
    return (JSON.parse(body) as { version: number }).version;
  }
}

describe("The walk of docs/inspect.md on the demo", () => {
  const page = readFileSync(PAGE, "utf8");
  const steps = walkSteps(page);
  const printed = new Map<WalkStep, readonly string[]>();
  let shell: WalkShell;
  let isBusy = false;
  const cleanups: (() => unknown)[] = [];
  const context: Pick<TestContext, "after"> = { after: (fn) => void cleanups.push(fn as () => unknown) };
  before(async () => {
    shell = await WalkShell.start(new RunningDemo(context, ANY_PORTS));
    cleanups.unshift(() => shell.close());
  });
  after(async () => {
    for (const cleanup of cleanups) await cleanup();
    if (UPDATES) writeFileSync(PAGE, withOutput(page, printed));
  });

  it("has steps", () => {
    assert.ok(steps.length >= 15, `${steps.length}`);
  });

  for (const step of steps) {
    it(`prints what is shown: ${step.command}`, async () => {
      if (step.command.includes("9901") && !isBusy) await untilBusy(shell);
      isBusy ||= step.command.includes("9901");
      shell.statuses();
      const output = await shell.run(step.command);
      printed.set(step, output);
      if (step.command.startsWith("curl") && !step.command.endsWith("&")) {
        assert.deepEqual(shell.statuses(), [
          step.command.includes("/pierrot/") && !step.command.includes("9901") ? "503" : "200",
        ]);
      }
      if (!UPDATES) assert.equal(shapeProblem(step.output, output), "");
    });
  }
});

/** The two that go on asking have their connections, and the workers something to show. */
function untilBusy(shell: WalkShell): Promise<void> {
  return untilAsked("the connections of the two that go on asking", async () => {
    const lines = await shell.run("curl '127.0.0.1:9901/connections?format=json'");
    const { connections } = JSON.parse(lines.join("\n")) as { connections: readonly { requests: number }[] };
    return connections.length === 2 && connections.every(({ requests }) => requests >= 10);
  });
}

function withOutput(page: string, printed: ReadonlyMap<WalkStep, readonly string[]>): string {
  const lines = page.split("\n");
  for (const [step, output] of [...printed].reverse()) {
    lines.splice(step.line, step.output.length, ...asShown(step.output, output));
  }
  return lines.join("\n");
}
