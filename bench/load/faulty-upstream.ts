import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import type { ServerMode } from "./faulty-server.ts";

const SERVER = path.join(import.meta.dirname, "faulty-server.ts");

/** An upstream in a process of its own that can be killed, stopped, made to fail, and put right again; always on the same port. */
export class FaultyUpstream {
  readonly port: number;
  #child: ChildProcess;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  /** Resolves when it listens. */
  static async start(): Promise<FaultyUpstream> {
    const [child, port] = await spawnServer(0);
    return new FaultyUpstream(child, port);
  }

  /** Ends the process at once, with all its connections. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill("SIGKILL");
    await once(this.#child, "exit");
  }

  /** A new process in place of the one that was killed. */
  async restart(): Promise<void> {
    [this.#child] = await spawnServer(this.port);
  }

  /** Hangs: connections stay open, and are still accepted by the kernel, but nothing is answered. */
  stop(): void {
    this.#child.kill("SIGSTOP");
  }

  continue(): void {
    this.#child.kill("SIGCONT");
  }

  /** Resolves when it does so. */
  async setMode(mode: ServerMode): Promise<void> {
    const changed = once(this.#child, "message");
    this.#child.send(mode);
    await changed;
  }
}

async function spawnServer(port: number): Promise<[ChildProcess, number]> {
  const child = fork(SERVER, [String(port)]);
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  child.once("exit", () => process.off("exit", kill));
  const ended = once(child, "exit").then(([code]) => {
    throw new Error(`an upstream did not start: exit code ${code}`);
  });
  ended.catch(() => {});
  const [bound] = (await Promise.race([once(child, "message"), ended])) as [number];
  return [child, bound];
}
