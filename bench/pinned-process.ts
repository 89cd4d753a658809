import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import net from "node:net";
import { cpus } from "node:os";

/** The core that the measured proxy has for itself. */
export const PROXY_CORE = 0;
/** The core that backend, load generator and the benchmark itself share. */
export const LOAD_CORE = 1;
/** Words before the command of a proxy with several workers, which shares all cores with the rest: it would inherit our one core. */
export const ON_ALL_CORES: readonly string[] = ["taskset", "-c", `0-${cpus().length - 1}`];

/** A program that runs on one core, until stopped. */
export class PinnedProcess {
  readonly name: string;
  readonly child: ChildProcess;
  #output = "";

  constructor(name: string, core: number, command: readonly string[]) {
    this.name = name;
    this.child = spawn("taskset", ["-c", String(core), ...command], { stdio: ["ignore", "pipe", "pipe"] });
    const keep = (chunk: Buffer) => {
      this.#output = (this.#output + chunk.toString()).slice(-8192);
    };
    this.child.stdout?.on("data", keep);
    this.child.stderr?.on("data", keep);
    // Not SIGKILL: a master that dies of it leaves its workers behind.
    const kill = () => this.child.kill("SIGTERM");
    process.once("exit", kill);
    this.child.once("exit", () => process.off("exit", kill));
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error(`${this.name} did not start`);
    return this.child.pid;
  }

  /** Resolves when the port accepts connections. Rejects, with what the program said, when it ends or takes 20 s. */
  async waitForPort(port: number): Promise<void> {
    const endMs = performance.now() + 20_000;
    while (!(await accepts(port))) {
      const ended = this.child.exitCode !== null || this.child.signalCode !== null;
      if (ended || performance.now() > endMs) throw new Error(`${this.name} does not listen:\n${this.#output}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill("SIGTERM");
    const late = setTimeout(() => this.child.kill("SIGKILL"), 2000);
    await once(this.child, "exit");
    clearTimeout(late);
  }
}

/** A loopback port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  server.close();
  await once(server, "close");
  return address.port;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
