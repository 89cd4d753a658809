import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import type { TestContext } from "node:test";
import { untilAsked } from "./until.ts";

const DEMO = path.resolve(import.meta.dirname, "../../actors/demo.ts");
const DEADLINE_MS = 60_000;

/** Lets the demo take any ports that are free. */
export const ANY_PORTS: readonly string[] = ["--proxy-port", "0", "--admin-port", "0"];

/** What `npm start` runs, in a process of its own. Killed with the test. */
export class RunningDemo {
  readonly child: ChildProcess;
  stdout = "";
  stderr = "";

  constructor(t: Pick<TestContext, "after">, args: readonly string[]) {
    this.child = spawn(process.execPath, [DEMO, ...args], { stdio: ["ignore", "pipe", "pipe"] });
    this.child.stdout?.on("data", (chunk: Buffer) => {
      this.stdout += chunk;
    });
    this.child.stderr?.on("data", (chunk: Buffer) => {
      this.stderr += chunk;
    });
    t.after(() => this.child.kill("SIGKILL"));
  }

  /** What the pattern captures in the text that the demo prints when it runs. */
  async printed(pattern: RegExp): Promise<string> {
    const isOver = async () => this.stdout.includes("Ctrl-C") || this.child.exitCode !== null;
    await untilAsked("the text of the demo", isOver, DEADLINE_MS);
    return pattern.exec(this.stdout)?.[1] ?? assert.fail(`${pattern} is not in:\n${this.stdout}`);
  }

  async proxyPort(): Promise<number> {
    return Number(await this.printed(/proxy +http:\/\/127\.0\.0\.1:(\d+)/));
  }

  async adminPort(): Promise<number> {
    return Number(await this.printed(/admin +http:\/\/127\.0\.0\.1:(\d+)/));
  }

  /** Of its own copy of the configuration. */
  configPath(): Promise<string> {
    return this.printed(/config +(\S+)/);
  }

  async exitCode(): Promise<number | null> {
    if (this.child.exitCode === null) await once(this.child, "exit");
    return this.child.exitCode;
  }
}
