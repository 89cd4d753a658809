#!/usr/bin/env node
import { flushCompileCache } from "node:module";
import type { BearerToken } from "../src/admin/bearer-token.ts";
import { ApplicationLog, type ApplicationLogOptions } from "../src/base/application-log.ts";
import { systemClock } from "../src/base/clock.ts";
import { meansCommand } from "../src/terminal/means-command.ts";
import { type CommandLine, CommandLineError, parseCommandLine } from "./command-line.ts";
import { keepCompiledCode } from "./compile-cache.ts";
import { type EarlyThreads, startThreadsEarly } from "./early-threads.ts";
import { logOptions } from "./proxy-options.ts";
import type { Serving } from "./serve.ts";
import { StartError } from "./start-error.ts";
import { onStopSignals } from "./stop-signals.ts";
import { packageVersion } from "./version.ts";

/** Runs what the command line says. Answers the exit code; a proxy that serves answers when it has stopped. */
async function main(args: readonly string[]): Promise<number> {
  if (meansCommand(args)) {
    const { terminalCommand } = await import("./terminal-command.ts");
    return terminalCommand(args);
  }
  const commandLine = parseCommandLine(args);
  const version = `troupe ${packageVersion()} (node ${process.version})`;
  if (commandLine.action === "help") {
    const { helpText } = await import("./help-text.ts");
    process.stdout.write(helpText());
    return 0;
  }
  if (commandLine.action === "version") {
    process.stdout.write(`${version}\n`);
    return 0;
  }
  keepCompiledCode(process.env);
  if (commandLine.mode === "validate") {
    const { validate } = await import("./validate.ts");
    const { exitCode, text } = await validate(commandLine);
    process.stdout.write(text);
    return exitCode;
  }
  const serving = await startServing(commandLine, version);
  const isTrial = commandLine.mode === "init_only";
  if (!isTrial) handleSignals(serving);
  await serving.logReady();
  flushCompileCache();
  if (isTrial) await serving.stop();
  return serving.stopped;
}

async function startServing(commandLine: CommandLine, version: string): Promise<Serving> {
  const options = logOptions(commandLine, process.stderr.isTTY === true);
  const log = openLog(options);
  const adminToken = commandLine.adminTokenPath === "" ? null : await readAdminToken(commandLine.adminTokenPath);
  const environment = Object.entries(process.env).map(([name, value]) => [name, value ?? ""] as const);
  const threads: EarlyThreads = startThreadsEarly(commandLine.concurrency);
  // What a proxy is made of is loaded while the threads load theirs.
  const { serve } = await import("./serve.ts");
  return serve({ commandLine, version, environment, logOptions: options, log, threads, adminToken });
}

async function readAdminToken(file: string): Promise<BearerToken> {
  const { BearerToken } = await import("../src/admin/bearer-token.ts");
  try {
    return BearerToken.fromFile(file);
  } catch (error) {
    throw new StartError(`--admin-token-path: ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
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
