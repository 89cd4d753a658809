import { runCommand } from "../src/terminal/run-command.ts";
import { parseCommandLine } from "./command-line.ts";
import { processTerminal } from "./process-terminal.ts";

/** Runs a sub-command such as `troupe top` on this process's terminal. Answers the exit code. */
export async function terminalCommand(args: readonly string[]): Promise<number> {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => stop.abort());
  return runCommand(args, {
    terminal: processTerminal(process.stdin, process.stdout),
    stdin: process.stdin,
    stopped: stop.signal,
    writeError: (text) => void process.stderr.write(text),
    async checkConfig(file, json) {
      const { validate } = await import("./validate.ts");
      return validate(parseCommandLine(["-c", file, "--mode", "validate", "--format", json ? "json" : "text"]));
    },
  });
}
