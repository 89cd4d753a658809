import { ApplicationLog } from "../src/base/application-log.ts";
import { systemClock } from "../src/base/clock.ts";
import { type CommandLine, CommandLineError, parseCommandLine } from "./command-line.ts";
import { DemoConfig } from "./demo/demo-config.ts";
import { type DemoOptions, demoOptions } from "./demo/demo-options.ts";
import { demoText } from "./demo/demo-text.ts";
import { DemoUpstream } from "./demo/demo-upstream.ts";
import { startThreadsEarly } from "./early-threads.ts";
import { logOptions } from "./proxy-options.ts";
import { type Serving, serve } from "./serve.ts";
import { StartError } from "./start-error.ts";
import { onStopSignals } from "./stop-signals.ts";
import { packageVersion } from "./version.ts";

const UPSTREAMS = ["harlequin", "columbine", "pierrot"];

/** Runs three upstreams and a proxy in front of them until a signal comes. */
async function main(args: readonly string[]): Promise<void> {
  const options = demoOptions(args);
  const upstreams = await Promise.all(UPSTREAMS.map((name) => DemoUpstream.start(name)));
  const { proxyPort: proxy, adminPort: admin } = options;
  const config = new DemoConfig({ proxy, admin, upstreams: upstreams.map(({ port }) => port) });
  try {
    const commandLine = parseCommandLine(["-c", config.path, "--drain-time-s", "5"]);
    const serving = await startServing(commandLine, options);
    onStopSignals(process, systemClock, () => void serving.stop());
    const text = demoText(
      {
        proxy: await proxyAddress(serving),
        admin: serving.adminAddress,
        workers: commandLine.concurrency,
        upstreams,
        configPath: config.path,
      },
      process.stdout.isTTY === true && process.stdout.hasColors(),
    );
    process.stdout.write(text);
    await serving.stopped;
  } finally {
    config.remove();
    await Promise.all(upstreams.map((upstream) => upstream.stop()));
  }
}

/** Why a start failed is said once, by whoever catches the error; the log begins when the proxy runs. */
async function startServing(commandLine: CommandLine, { proxyPort, adminPort }: DemoOptions): Promise<Serving> {
  const options = logOptions(commandLine, process.stderr.isTTY === true);
  const log = new ApplicationLog("main", { ...options, level: "off" });
  const environment = Object.entries(process.env).map(([name, value]) => [name, value ?? ""] as const);
  const version = `troupe ${packageVersion()} (node ${process.version})`;
  try {
    const serving = await serve({
      adminToken: null,
      commandLine,
      version,
      environment,
      logOptions: options,
      log,
      threads: startThreadsEarly(commandLine.concurrency),
    });
    log.setLevel("", options.level);
    return serving;
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    const taken = (port: number): boolean =>
      new RegExp(` 127\\.0\\.0\\.1:${port}\\b.*already in use`).test(error.message);
    if (taken(adminPort)) throw portTaken(adminPort, "--admin-port");
    if (taken(proxyPort)) throw portTaken(proxyPort, "--proxy-port");
    throw error;
  }
}

function portTaken(port: number, flag: string): StartError {
  return new StartError(
    `127.0.0.1:${port} is already in use: stop what uses it, or choose another port: npm start -- ${flag} PORT`,
  );
}

async function proxyAddress({ server }: Serving): Promise<string> {
  const [ingress] = await server.listenerAddresses();
  return ingress === undefined || ingress.address.type !== "ip" ? "" : `${ingress.address.ip}:${ingress.address.port}`;
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  const known = error instanceof CommandLineError || error instanceof StartError;
  process.stderr.write(known ? `troupe: ${error.message}\n` : `troupe: ${(error as Error).stack ?? String(error)}\n`);
  process.exitCode = 1;
}
