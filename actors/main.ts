#!/usr/bin/env node
import { ApplicationLog, type ApplicationLogOptions } from "../src/base/application-log.ts";
import { systemClock } from "../src/base/clock.ts";
import { type CommandLine, CommandLineError, parseCommandLine } from "./command-line.ts";
import { helpText } from "./command-line-options.ts";
import { logOptions } from "./proxy-options.ts";
import { type Serving, StartError, serve } from "./serve.ts";
import { onStopSignals } from "./stop-signals.ts";
import { validate } from "./validate.ts";
import { packageVersion } from "./version.ts";

/** Runs what the command line says. Answers the exit code; a proxy that serves answers when it has stopped. */
async function main(args: readonly string[]): Promise<number> {
  const commandLine = parseCommandLine(args);
  const version = `troupe ${packageVersion()} (node ${process.version})`;
  if (commandLine.action === "help") {
    process.stdout.write(helpText());
    return 0;
  }
  if (commandLine.action === "version") {
    process.stdout.write(`${version}\n`);
    return 0;
  }
  if (commandLine.mode === "validate") {
    const { exitCode, text } = await validate(commandLine);
    process.stdout.write(text);
    return exitCode;
  }
  const serving = await startServing(commandLine, version);
  if (commandLine.mode === "init_only") await serving.stop();
  else handleSignals(serving);
  return serving.stopped;
}

function startServing(commandLine: CommandLine, version: string): Promise<Serving> {
  const options = logOptions(commandLine, process.stderr.isTTY === true);
  const log = openLog(options);
  const environment = Object.entries(process.env).map(([name, value]) => [name, value ?? ""] as const);
  return serve({ commandLine, version, environment, logOptions: options, log });
}

function openLog(options: ApplicationLogOptions): ApplicationLog {
  try {
    return new ApplicationLog("main", options);
  } catch (error) {
    throw new StartError(`the log can't be opened: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** SIGTERM and SIGINT drain, the second one exits at once; SIGHUP reloads; SIGUSR1 reopens logs. */
function handleSignals({ server, stop }: Serving): void {
  onStopSignals(process, systemClock, () => void stop());
  process.on("SIGHUP", () => void server.reload("SIGHUP"));
  process.on("SIGUSR1", () => server.reopenLogs());
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const known = error instanceof CommandLineError || error instanceof StartError;
  process.stderr.write(known ? `troupe: ${error.message}\n` : `troupe: ${(error as Error).stack ?? String(error)}\n`);
  process.exitCode = 1;
}
