import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { PATIENCE_MS } from "./until.ts";

/** A terminal of 100 by 30 in which a shell command runs, by tmux with a server of its own. */
export class TmuxTerminal {
  readonly #socket = `troupe-test-${randomUUID()}`;

  /** Throws with what to install if there is no tmux. */
  constructor(command: string) {
    try {
      this.#tmux(
        "-f",
        "/dev/null",
        "new-session",
        "-d",
        "-x",
        "100",
        "-y",
        "30",
        `${command}; echo "exit code $?"; cat`,
      );
    } catch (error) {
      const missing = error instanceof Error && "code" in error && error.code === "ENOENT";
      throw missing ? new Error("no tmux is installed: apt-get install tmux") : error;
    }
  }

  /** What the screen shows. */
  screen(): string {
    return this.#tmux("capture-pane", "-p");
  }

  /** Presses keys by tmux's names, such as `q`, `Tab`, `Down`, `C-c`. */
  press(...keys: readonly string[]): void {
    this.#tmux("send-keys", ...keys);
  }

  /** What tmux knows of the terminal, such as `alternate_on`, `cursor_flag`. */
  fact(name: string): string {
    return this.#tmux("display-message", "-p", `#{${name}}`).trim();
  }

  /** The processes that run in it. */
  processIds(pattern: string): number[] {
    const pid = this.#tmux("display-message", "-p", "#{pane_pid}").trim();
    const list = execFileSync("ps", ["-o", "pid=,args=", "--ppid", pid], { encoding: "utf8" });
    return list
      .split("\n")
      .filter((line) => line.includes(pattern))
      .map((line) => Number.parseInt(line, 10));
  }

  /** Resolves when the screen shows a text that matches; rejects after `deadlineMs` with what it shows. */
  async until(pattern: RegExp, deadlineMs = PATIENCE_MS): Promise<string> {
    const endMs = performance.now() + deadlineMs;
    for (;;) {
      const screen = this.screen();
      if (pattern.test(screen)) return screen;
      if (performance.now() > endMs) throw new Error(`${pattern} is not on the screen:\n${screen}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Ends what runs in it. */
  close(): void {
    try {
      this.#tmux("kill-server");
    } catch {
      // It has ended already.
    }
  }

  #tmux(...args: readonly string[]): string {
    return execFileSync("tmux", ["-L", this.#socket, ...args], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  }
}
