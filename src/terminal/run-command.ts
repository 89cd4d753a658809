import { createReadStream, readFileSync } from "node:fs";
import { MAX_CONFIG_BYTES } from "../config/source/open-source.ts";
import { DEFAULT_ADMIN, parseAdminAddress } from "./admin-address.ts";
import { AdminClient } from "./admin-client.ts";
import type { CommandContext, Terminal } from "./command.ts";
import { CommandFailure, EXIT } from "./command-failure.ts";
import { type CommandCall, commandHelp, parseCommandCall } from "./command-line.ts";

/** What the process gives to a command. */
export interface CommandEnvironment {
  readonly terminal: Terminal;
  readonly stdin: NodeJS.ReadableStream;
  readonly stopped: AbortSignal;
  readonly writeError: (text: string) => void;
  readonly checkConfig: CommandContext["checkConfig"];
}

/** Runs a command line that names a command. Answers the exit code, and never rejects but for faults of the program. */
export async function runCommand(args: readonly string[], environment: CommandEnvironment): Promise<number> {
  try {
    const call = parseCommandCall(args);
    if (call.flags.has("help")) {
      environment.terminal.write(commandHelp(call.command));
      return EXIT.ok;
    }
    return await call.command.run(contextOf(call, environment));
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    // What the user has stopped has nothing to complain of.
    if (environment.stopped.aborted) return EXIT.ok;
    environment.writeError(`troupe: ${error.message}\n`);
    return error.exitCode;
  }
}

function contextOf({ parameters, flags }: CommandCall, environment: CommandEnvironment): CommandContext {
  const flag = (name: string): string | undefined => flags.get(name)?.at(-1);
  const tokenPath = flag("admin-token-path");
  const token = tokenPath === undefined ? "" : readText(tokenPath).trim();
  const { terminal, stopped, checkConfig, stdin } = environment;
  return {
    client: new AdminClient(parseAdminAddress(addressText(flag)), token, environment.stopped),
    parameters,
    flag,
    flags: (name) => flags.get(name) ?? [],
    json: flags.has("json"),
    terminal,
    stopped,
    checkConfig,
    readFile: (path) => readInput(path, stdin, stopped),
  };
}

function addressText(flag: (name: string) => string | undefined): string {
  const address = flag("admin");
  const file = flag("admin-address-path");
  if (address !== undefined && file !== undefined) {
    throw new CommandFailure("--admin and --admin-address-path say the same thing: give one of them");
  }
  return address ?? (file === undefined ? DEFAULT_ADMIN : readText(file).trim());
}

/** What a file, a pipe or standard input gives, as long as it is no longer than a configuration may be. */
async function readInput(path: string, stdin: NodeJS.ReadableStream, stopped: AbortSignal): Promise<string> {
  const input = path === "-" ? stdin : createReadStream(path, { signal: stopped });
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of input) {
      const bytes = Buffer.from(chunk);
      chunks.push(bytes);
      length += bytes.length;
      if (length > MAX_CONFIG_BYTES) break;
    }
  } catch (error) {
    throw unreadable(path, error);
  }
  if (length <= MAX_CONFIG_BYTES) return Buffer.concat(chunks).toString("utf8");
  const limit = `${MAX_CONFIG_BYTES / 1024 / 1024} MiB`;
  throw new CommandFailure(
    `${path === "-" ? "standard input" : path} is larger than ${limit}, which no configuration may be`,
  );
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(path: string, error: unknown): CommandFailure {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  const reason = code === "ENOENT" ? "there is no such file" : error instanceof Error ? error.message : String(error);
  return new CommandFailure(`${path} can't be read: ${reason}`);
}
