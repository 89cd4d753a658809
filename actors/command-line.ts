import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { parseLogLevel } from "../src/base/application-log.ts";
import { LOG_COMPONENTS, LOG_LEVELS, type LogLevel } from "../src/base/log.ts";
import { createLogFormat } from "../src/base/log-format.ts";
import { nearestName } from "../src/config/nearest-name.ts";
import { ABSENT_FLAGS, FLAGS } from "./command-line-options.ts";

/** What a command line says, checked, with the defaults filled in. */
export interface CommandLine {
  readonly action: "run" | "version" | "help";
  readonly mode: "serve" | "validate" | "init_only";
  readonly format: "text" | "json";
  /** `""` if only `configYaml` is given. */
  readonly configPath: string;
  readonly configYaml: string;
  readonly concurrency: number;
  readonly allowUnsupported: boolean;
  readonly watch: boolean;
  readonly logLevel: LogLevel;
  readonly componentLogLevels: ReadonlyMap<string, LogLevel>;
  /** `""` = standard error. */
  readonly logPath: string;
  /** `""` = the default. */
  readonly logFormat: string;
  readonly serviceCluster: string;
  readonly serviceNode: string;
  readonly serviceZone: string;
  readonly localAddressIpVersion: "v4" | "v6";
  readonly adminAddressPath: string;
  /** `""` = the admin interface wants no token. */
  readonly adminTokenPath: string;
  readonly drainTimeS: number;
  readonly drainStrategy: "gradual" | "immediate";
  readonly parentShutdownTimeS: number;
  readonly fileFlushIntervalMs: number;
  /** Per worker; 0 = none. */
  readonly failedRequests: number;
  readonly heapSnapshots: boolean;
  readonly debugEndpoints: boolean;
}

/** A command line that can't be followed: one line for people, which says what to do. */
export class CommandLineError extends Error {
  override readonly name = "CommandLineError";
}

const MAX_WORKERS = 1024;
/** About 31 years in seconds. */
const MAX_NUMBER = 999_999_999;

/** Parses the arguments behind the program's name. Throws `CommandLineError`. */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const values = readValues(args);
  const text = (name: string): string => values.get(name) ?? "";
  const has = (name: string): boolean => values.has(name);
  const commandLine: CommandLine = {
    action: has("help") ? "help" : has("version") ? "version" : "run",
    mode: choice("mode", text("mode"), ["serve", "validate", "init_only"]),
    format: choice("format", text("format"), ["text", "json"]),
    configPath: text("config-path"),
    configYaml: text("config-yaml"),
    concurrency: concurrency(text("concurrency")),
    allowUnsupported: has("allow-unsupported"),
    watch: !has("no-watch"),
    logLevel: logLevel("log-level", text("log-level") || "info"),
    componentLogLevels: componentLevels(text("component-log-level")),
    logPath: text("log-path"),
    logFormat: logFormat(text("log-format")),
    serviceCluster: text("service-cluster"),
    serviceNode: text("service-node"),
    serviceZone: text("service-zone"),
    localAddressIpVersion: choice("local-address-ip-version", text("local-address-ip-version"), ["v4", "v6"]),
    adminAddressPath: text("admin-address-path"),
    adminTokenPath: text("admin-token-path"),
    drainTimeS: whole("drain-time-s", text("drain-time-s"), 600),
    drainStrategy: choice("drain-strategy", text("drain-strategy"), ["gradual", "immediate"]),
    parentShutdownTimeS: whole("parent-shutdown-time-s", text("parent-shutdown-time-s"), 900),
    fileFlushIntervalMs: whole("file-flush-interval-msec", text("file-flush-interval-msec"), 10_000),
    failedRequests: bounded("failed-requests", whole("failed-requests", text("failed-requests"), 100), 1000),
    heapSnapshots: has("enable-heap-snapshots"),
    debugEndpoints: has("enable-debug-endpoints"),
  };
  if (commandLine.action === "run" && commandLine.configPath === "" && commandLine.configYaml === "") {
    throw new CommandLineError(
      "no configuration is given; name a file with -c FILE (try --help, or npm start for a demo)",
    );
  }
  return commandLine;
}

function readValues(args: readonly string[]): Map<string, string> {
  const { tokens } = parseArgs({ args: [...args], options: parseArgsOptions(), strict: false, tokens: true });
  const values = new Map<string, string>();
  for (const token of tokens) {
    if (token.kind === "positional") {
      throw new CommandLineError(`unexpected argument "${token.value}"; a configuration file is given with -c FILE`);
    }
    if (token.kind !== "option") continue;
    const flag = FLAGS.find((one) => one.name === token.name);
    if (flag === undefined) throw new CommandLineError(unknownFlag(token.rawName, token.name));
    if (flag.value !== undefined && token.value === undefined) {
      throw new CommandLineError(`${token.rawName} needs a value: ${token.rawName} ${flag.value}`);
    }
    if (flag.value === undefined && token.value !== undefined) {
      throw new CommandLineError(`${token.rawName} takes no value`);
    }
    if (values.has(flag.name)) throw new CommandLineError(`--${flag.name} is given twice`);
    values.set(flag.name, token.value ?? "");
  }
  return values;
}

function parseArgsOptions() {
  return Object.fromEntries(
    FLAGS.map((flag) => {
      const type: "boolean" | "string" = flag.value === undefined ? "boolean" : "string";
      return [flag.name, flag.short === undefined ? { type } : { type, short: flag.short }];
    }),
  );
}

function unknownFlag(rawName: string, name: string): string {
  const absent = ABSENT_FLAGS.get(name);
  if (absent !== undefined) return `Troupe has no ${rawName}: ${absent}`;
  const near = nearestName(
    name,
    FLAGS.map((flag) => flag.name),
  );
  const hint = near === undefined ? "--help lists all flags" : `did you mean --${near}?`;
  return `unknown flag ${rawName}; ${hint}`;
}

/** The first choice is the default. */
function choice<const Choice extends string>(
  name: string,
  value: string,
  choices: readonly [Choice, ...Choice[]],
): Choice {
  if (value === "") return choices[0];
  const found = choices.find((one) => one === value);
  if (found === undefined) throw new CommandLineError(`--${name} must be one of ${choices.join(", ")}, not "${value}"`);
  return found;
}

function whole(name: string, value: string, defaultValue: number): number {
  if (value === "") return defaultValue;
  if (!/^\d+$/.test(value)) throw new CommandLineError(`--${name} must be a whole number, not "${value}"`);
  return bounded(name, Number(value), MAX_NUMBER);
}

function bounded(name: string, value: number, limit: number): number {
  if (value > limit) throw new CommandLineError(`--${name} must be at most ${limit}, not ${value}`);
  return value;
}

function concurrency(value: string): number {
  const count = whole("concurrency", value, availableParallelism());
  if (count > MAX_WORKERS) throw new CommandLineError(`--concurrency must be at most ${MAX_WORKERS}, not ${count}`);
  // As in Envoy, 0 means 1.
  return Math.max(1, count);
}

function logLevel(name: string, value: string): LogLevel {
  const level = parseLogLevel(value);
  if (level === undefined) {
    throw new CommandLineError(`--${name} must be one of ${LOG_LEVELS.join(", ")}, not "${value}"`);
  }
  return level;
}

/** Answers `pattern`, if it is one. */
function logFormat(pattern: string): string {
  try {
    createLogFormat(pattern, false);
  } catch (error) {
    throw new CommandLineError(`--log-format: ${error instanceof Error ? error.message : String(error)}`);
  }
  return pattern;
}

function componentLevels(list: string): Map<string, LogLevel> {
  const levels = new Map<string, LogLevel>();
  if (list === "") return levels;
  for (const entry of list.split(",")) {
    const [component, level, ...rest] = entry.split(":");
    if (component === undefined || component === "" || level === undefined || rest.length > 0) {
      throw new CommandLineError(
        `--component-log-level is a list like upstream:debug,worker:off; "${entry}" is no such pair`,
      );
    }
    if (!LOG_COMPONENTS.some((one) => one === component)) {
      throw new CommandLineError(
        `--component-log-level: there is no component "${component}", but ${LOG_COMPONENTS.join(", ")}`,
      );
    }
    levels.set(component, logLevel("component-log-level", level));
  }
  return levels;
}
