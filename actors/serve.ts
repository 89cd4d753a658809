import { renameSync, writeFileSync } from "node:fs";
import type { BearerToken } from "../src/admin/bearer-token.ts";
import type { ApplicationLog, ApplicationLogOptions } from "../src/base/application-log.ts";
import { systemClock } from "../src/base/clock.ts";
import { fileStamp } from "../src/base/file-stamp.ts";
import { FileWatch } from "../src/base/file-watch.ts";
import type { Logger } from "../src/base/log.ts";
import { PathWatch } from "../src/base/path-watch.ts";
import { TimerWheel } from "../src/base/timer-wheel.ts";
import { problemsText, problemText } from "../src/config/config-problem.ts";
import { formatAddress } from "../src/net/address.ts";
import type { CommandLine } from "./command-line.ts";
import type { EarlyThreads } from "./early-threads.ts";
import { compileRequest } from "./proxy-options.ts";
import { ProxyServer } from "./proxy-server.ts";
import { StartError } from "./start-error.ts";
import { PoolConfigCompiler } from "./supervisor/pool-config-compiler.ts";
import type { ReloadOutcome } from "./supervisor/protocol.ts";

/** What the process gives to a proxy that serves. */
export interface ServeEnvironment {
  readonly commandLine: CommandLine;
  readonly log: ApplicationLog;
  readonly logOptions: ApplicationLogOptions;
  readonly version: string;
  readonly environment: readonly (readonly [string, string])[];
  /** What requests to the admin interface must bring; null: nothing. */
  readonly adminToken: BearerToken | null;
  /** Owned by the proxy from now on. */
  readonly threads: EarlyThreads;
}

/** A proxy that serves. */
export interface Serving {
  readonly server: ProxyServer;
  /** `""` if there is no admin interface. */
  readonly adminAddress: string;
  /** Drains and stops. The second call has the same outcome as the first. */
  stop(): Promise<void>;
  /** Writes to the log where it listens, and that it is ready. To be called when its signals are handled: who reads that may send one. */
  logReady(): Promise<void>;
  /** Resolves when it has stopped, whatever the cause, with the exit code: 1 if no worker was left to serve, else 0. */
  readonly stopped: Promise<0 | 1>;
}

/** Starts a proxy: compiles, starts workers and admin, brings the configuration in force, watches the file. Throws `StartError`. */
export async function serve(environment: ServeEnvironment): Promise<Serving> {
  const { commandLine, log, threads } = environment;
  const mainLog = log.logger("main");
  const pool = threads.compiler;
  const compiler = new PoolConfigCompiler(pool, compileRequest(commandLine));
  const stamp = fileStamp(commandLine.configPath);
  await compileFirst(compiler, commandLine, mainLog).catch(async (error: unknown) => {
    await Promise.all([pool.close(), threads.workers.close()]);
    throw error;
  });
  const { promise: stopped, resolve: onStopped } = Promise.withResolvers<0 | 1>();
  let exitCode: 0 | 1 = 0;
  let stopping: Promise<void> | undefined;
  let watch: PathWatch | undefined;
  let fileWatch: FileWatch | undefined;
  const watchTimers = new TimerWheel(systemClock);
  const stop = (): Promise<void> => {
    stopping ??= (async () => {
      mainLog.info({}, "draining; a second signal exits at once");
      watch?.stop();
      fileWatch?.stop();
      watchTimers.stop();
      const cut = await server.shutdown();
      mainLog.info({ cut }, "stopped");
      onStopped(exitCode);
    })();
    return stopping;
  };
  const server = new ProxyServer({
    ...environment,
    pool,
    waitingWorkers: threads.workers,
    compiler,
    bootstrap: compiler.bootstrap!,
    onQuit: () => void stop(),
    onFailed: (error) => {
      mainLog.error({ error }, "all workers have failed, and won't be started again: exiting");
      exitCode = 1;
      void stop();
    },
  });
  const adminAddress = await bringUp(server, environment);
  if (commandLine.watch && commandLine.configPath !== "") {
    watch = new PathWatch(
      commandLine.configPath,
      stamp,
      watchTimers,
      mainLog,
      () => void server.reload("file changed"),
    );
  }
  if (commandLine.watch) {
    fileWatch = new FileWatch(watchTimers, mainLog, () => void server.reload("file changed"));
    compiler.watchFiles((files) => fileWatch?.set(files));
  }
  const ready = () => logReady(server, commandLine.concurrency, adminAddress, mainLog);
  return { server, adminAddress, stop, logReady: ready, stopped };
}

/** Starts the admin interface, then all else. Answers the admin's address. If something can't be, nothing is left running. */
async function bringUp(server: ProxyServer, environment: ServeEnvironment): Promise<string> {
  const admin = await server.startAdmin();
  const adminAddress = admin?.type === "listening" ? formatAddress(admin.address) : "";
  const problem =
    admin?.type === "notListening"
      ? admin.reason
      : (startProblem(await server.reload("start"), environment) ??
        writeAddress(environment.commandLine.adminAddressPath, adminAddress));
  if (problem !== undefined) {
    // Nothing has been served yet, and a worker that is stuck in a module's code would never drain.
    await server.shutdown(0);
    throw new StartError(problem);
  }
  return adminAddress;
}

/** For the bootstrap's sake: what the proxy is made with can't be known later. */
async function compileFirst(compiler: PoolConfigCompiler, { configPath }: CommandLine, log: Logger): Promise<void> {
  const first = await compiler.compile({ label: configPath });
  if (!first.ok) throw new StartError(`the configuration is refused\n${problemsText(first.problems).trimEnd()}`);
  for (const problem of first.config.problems) log.warn({}, problemText(problem));
}

async function logReady(server: ProxyServer, workers: number, admin: string, log: Logger): Promise<void> {
  for (const { listener, address } of await server.listenerAddresses()) {
    log.info({ listener, address: formatAddress(address) }, "listening");
  }
  log.info({ workers, admin: admin || "none" }, "ready");
}

function startProblem(outcome: ReloadOutcome, { commandLine }: ServeEnvironment): string | undefined {
  if (outcome.outcome !== "refused") return undefined;
  const reasons = outcome.refusals.map(({ problem, reason }) =>
    problem === undefined ? reason : problemText(problem),
  );
  const label = commandLine.configPath === "" ? "the configuration" : commandLine.configPath;
  return `${label} can't be served: ${[...new Set(reasons)].join("\n")}`;
}

/** Whole or not at all: whoever waits for the file must not read half an address. Answers why it couldn't be written. */
function writeAddress(path: string, address: string): string | undefined {
  if (path === "") return undefined;
  try {
    writeFileSync(`${path}.new`, address);
    renameSync(`${path}.new`, path);
    return undefined;
  } catch (error) {
    return `--admin-address-path: ${error instanceof Error ? error.message : String(error)}`;
  }
}
