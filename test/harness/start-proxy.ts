import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type AdminResponse, adminRequest } from "./admin-request.ts";
import { PATIENCE_MS } from "./until.ts";

/** The configuration and command line of a proxy under test. */
export interface StartProxyOptions {
  /**
   * Bootstrap configuration: YAML or JSON text, or an object. Give listeners port 0. An admin address on a free
   * loopback port is added when the configuration has no `admin`.
   */
  readonly config: string | object;
  /** Name of the configuration file. Default `config.json` for an object and `config.yaml` for text. */
  readonly configName?: string;
  /** More files for the configuration's folder, by name. */
  readonly files?: Readonly<Record<string, string>>;
  /** Worker threads. Default 1. */
  readonly concurrency?: number;
  /** More arguments for the command line. */
  readonly args?: readonly string[];
  /** Whether a changed file is applied at once. Default false: `--no-watch`. */
  readonly watch?: boolean;
  /** Default true: `--enable-debug-endpoints`. */
  readonly debugEndpoints?: boolean;
  /** The token that the admin interface wants, and that this harness brings. Default: none. */
  readonly adminToken?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** A command to run node with, such as `["taskset", "-c", "0"]`. */
  readonly prefix?: readonly string[];
  /** Default 60 s: a busy machine takes its time. */
  readonly readyTimeoutMs?: number;
}

const ROOT = path.resolve(import.meta.dirname, "../..");
/** `TROUPE_MAIN=dist/actors/main.js` runs the tests on what was built. */
const MAIN = path.resolve(ROOT, process.env.TROUPE_MAIN ?? "actors/main.ts");
const KEPT_LOG_CHARS = 4 * 1024 * 1024;

/**
 * Starts `node actors/main.ts` with a configuration in a folder of its own, and resolves when it is ready and its
 * listening ports are known. Rejects with the whole log when it exits or is not ready in time.
 */
export async function startProxy(options: StartProxyOptions): Promise<RunningProxy> {
  const proxy = RunningProxy.spawn(options);
  try {
    await proxy.waitUntilReady(options.readyTimeoutMs ?? 2 * PATIENCE_MS);
    await proxy.refreshPorts();
    return proxy;
  } catch (error) {
    await proxy.kill();
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`the proxy did not start: ${reason}\n${proxy.logs}`);
  }
}

/** A proxy in a process of its own. Killed with the process that started it, if nobody stops it before. */
export class RunningProxy {
  readonly folder: string;
  readonly configPath: string;
  readonly child: ChildProcess;
  /** Bound port of each TCP listener, by its name; as of the start or the last `refreshPorts`. */
  readonly ports = new Map<string, number>();
  readonly #adminPathFile: string;
  readonly #hasAdmin: boolean;
  /** What requests to the admin interface bring. */
  readonly #adminHeaders: Readonly<Record<string, string>>;
  readonly #killAtExit = () => this.child.kill("SIGKILL");
  /** Resolves when the process has ended and its output is read. */
  readonly #closed: Promise<unknown>;
  #logs = "";
  #adminPort = 0;

  private constructor(options: StartProxyOptions) {
    this.folder = mkdtempSync(path.join(tmpdir(), "troupe-test-"));
    const name = options.configName ?? (typeof options.config === "string" ? "config.yaml" : "config.json");
    this.configPath = path.join(this.folder, name);
    this.#adminPathFile = path.join(this.folder, "admin-address");
    this.#hasAdmin = hasAdmin(options.config);
    const token = options.adminToken;
    this.#adminHeaders = token === undefined ? {} : { authorization: `Bearer ${token}` };
    if (token !== undefined) writeFileSync(this.adminTokenPath, `${token}\n`);
    this.writeConfig(options.config);
    for (const [file, text] of Object.entries(options.files ?? {})) writeFileSync(path.join(this.folder, file), text);
    const [command = process.execPath, ...args] = [...(options.prefix ?? []), process.execPath];
    this.child = spawn(command, [...args, MAIN, ...this.#commandLine(options)], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...options.env },
    });
    // Not `once` from `node:events`, which rejects when the program could not be started: that closes, too.
    this.#closed = new Promise((resolve) => this.child.once("close", resolve));
    this.child.on("error", (error) => this.#log(`${error.message}\n`));
    this.child.stdout?.on("data", (chunk: Buffer) => this.#log(chunk.toString()));
    this.child.stderr?.on("data", (chunk: Buffer) => this.#log(chunk.toString()));
    process.on("exit", this.#killAtExit);
    this.child.once("exit", () => process.off("exit", this.#killAtExit));
  }

  /** Starts the process without waiting for anything. */
  static spawn(options: StartProxyOptions): RunningProxy {
    return new RunningProxy(options);
  }

  /** What the process wrote to stdout and stderr, as it came; the last 4 MiB. */
  get logs(): string {
    return this.#logs;
  }

  get exited(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  get adminPort(): number {
    return this.#adminPort;
  }

  /** The file with the token of the admin interface, if it wants one. */
  get adminTokenPath(): string {
    return path.join(this.folder, "admin-token");
  }

  /** The port of a listener by name; without a name, that of the only or first listener. */
  port(listener?: string): number {
    const port = listener === undefined ? this.ports.values().next().value : this.ports.get(listener);
    if (port === undefined)
      throw new Error(`no listener ${listener ?? "at all"}; there are: ${[...this.ports.keys()]}`);
    return port;
  }

  /**
   * Asks the admin. `path` begins with `/`; the answer is whatever status came. A page that a machine with more to do could not make in
   * its time (504) is asked for again. Rejects after `deadlineMs` (30 s).
   */
  async admin(
    target: string,
    method = "GET",
    body?: string | Buffer,
    deadlineMs = PATIENCE_MS,
  ): Promise<AdminResponse> {
    const [port, headers] = [this.#adminPort, this.#adminHeaders];
    const request = { port, method, path: target, headers, ...(body !== undefined && { body }) };
    const endMs = performance.now() + deadlineMs;
    for (;;) {
      const answer = await adminRequest({ ...request, deadlineMs: Math.max(Math.ceil(endMs - performance.now()), 1) });
      if (answer.status !== 504 || method !== "GET" || performance.now() > endMs - deadlineMs / 2) return answer;
    }
  }

  /** POST to the admin. Rejects after `deadlineMs` (60 s, for commands that wait for all workers). */
  post(target: string, body?: string | Buffer, deadlineMs = 2 * PATIENCE_MS): Promise<AdminResponse> {
    return this.admin(target, "POST", body, deadlineMs);
  }

  /** Counters and gauges by name, from `/stats?format=json`. */
  async stats(filter?: string): Promise<Map<string, number>> {
    const query = filter === undefined ? "" : `&filter=${encodeURIComponent(filter)}`;
    const answer = await this.admin(`/stats?format=json${query}`);
    const { stats } = JSON.parse(answer.body) as { stats: { name?: string; value?: unknown }[] };
    const values = new Map<string, number>();
    for (const { name, value } of stats) {
      if (name !== undefined && typeof value === "number") values.set(name, value);
    }
    return values;
  }

  /** Replaces the configuration file by an atomic rename. */
  writeConfig(config: string | object): void {
    const text = typeof config === "string" ? config : JSON.stringify(this.#withAdmin(config));
    const whole = typeof config === "string" && !this.#hasAdmin ? `${text}\n${ADMIN_YAML}` : text;
    writeFileSync(`${this.configPath}.new`, whole);
    renameSync(`${this.configPath}.new`, this.configPath);
  }

  /** Writes the configuration, if one is given, and has it applied by `POST /config/reload`. */
  reload(config?: string | object): Promise<AdminResponse> {
    if (config !== undefined) this.writeConfig(config);
    return this.post("/config/reload");
  }

  /** Reads the bound addresses from `/listeners`. */
  async refreshPorts(): Promise<void> {
    const answer = await this.admin("/listeners?format=json");
    const { listener_statuses: statuses = [] } = JSON.parse(answer.body) as ListenersAnswer;
    this.ports.clear();
    for (const { name = "", local_address: address } of statuses) {
      const port = address?.socket_address?.port_value;
      if (port !== undefined) this.ports.set(name, port);
    }
  }

  /** Resolves when the log has a line that matches; also one from before. Rejects when the process ends first. */
  async waitForLog(pattern: RegExp, deadlineMs = PATIENCE_MS): Promise<void> {
    await this.#poll(`a log line like ${pattern}`, deadlineMs, async () => pattern.test(this.#logs));
  }

  /** Resolves when the condition holds. Rejects when the process ends before, or after `deadlineMs`. */
  until(what: string, condition: () => Promise<boolean>, deadlineMs = PATIENCE_MS): Promise<void> {
    return this.#poll(what, deadlineMs, condition);
  }

  /** Resolves when a counter or gauge has this value. Rejects as `until`. */
  untilStat(name: string, value: number, deadlineMs?: number): Promise<void> {
    return this.until(`${name} = ${value}`, async () => (await this.stats(name)).get(name) === value, deadlineMs);
  }

  /**
   * What `/config_status` says of the last reload, once `version` is in force: workers serve the new configuration a moment
   * before the supervisor has all their answers and says so.
   */
  async lastReload(version: number): Promise<ReloadAttempt> {
    let status:
      | { readonly version: number; readonly reloading: boolean; readonly last_attempt: ReloadAttempt }
      | undefined;
    await this.until(`version ${version}`, async () => {
      status = JSON.parse((await this.admin("/config_status?format=json")).body);
      // While workers take it over, the attempt is still that before.
      return status?.version === version && !status.reloading;
    });
    return status!.last_attempt;
  }

  /** Resolves when the admin says LIVE. */
  async waitUntilReady(deadlineMs: number): Promise<void> {
    await this.#poll("the admin's LIVE", deadlineMs, async () => {
      this.#adminPort = readPort(this.#adminPathFile);
      if (this.#adminPort === 0) return false;
      const answer = await this.admin("/ready", "GET", undefined, 5000).catch(() => undefined);
      return answer?.status === 200;
    });
  }

  /** Resolves with the exit code when the process is gone and all that it wrote is in `logs`; null when a signal killed it. */
  async ended(): Promise<number | null> {
    await this.#closed;
    return this.child.exitCode;
  }

  /** Sends a signal and resolves as `ended`. */
  async stop(signal: NodeJS.Signals = "SIGTERM", deadlineMs = PATIENCE_MS): Promise<number | null> {
    if (!this.exited) this.child.kill(signal);
    const late = setTimeout(() => this.child.kill("SIGKILL"), deadlineMs);
    const exitCode = await this.ended();
    clearTimeout(late);
    rmSync(this.folder, { recursive: true, force: true });
    return exitCode;
  }

  /** Ends the process at once. */
  async kill(): Promise<void> {
    if (this.child.pid !== undefined) await this.stop("SIGKILL");
  }

  #commandLine(options: StartProxyOptions): string[] {
    return [
      ...["-c", this.configPath, "--concurrency", String(options.concurrency ?? 1)],
      ...["--admin-address-path", this.#adminPathFile],
      ...(options.watch === true ? [] : ["--no-watch"]),
      ...(options.debugEndpoints === false ? [] : ["--enable-debug-endpoints"]),
      ...(options.adminToken === undefined ? [] : ["--admin-token-path", this.adminTokenPath]),
      ...(options.args ?? []),
    ];
  }

  #withAdmin(config: object): object {
    return "admin" in config || this.#hasAdmin ? config : { admin: ADMIN, ...config };
  }

  #log(text: string): void {
    this.#logs = (this.#logs + text).slice(-KEPT_LOG_CHARS);
  }

  async #poll(what: string, deadlineMs: number, done: () => Promise<boolean>): Promise<void> {
    const endMs = performance.now() + deadlineMs;
    while (!(await done())) {
      if (this.exited) throw new Error(`it exited with ${this.child.exitCode ?? this.child.signalCode} before ${what}`);
      if (performance.now() > endMs) throw new Error(`${what} did not come within ${deadlineMs} ms`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

/** The last attempt to change the configuration, as `/config_status` shows it. */
export interface ReloadAttempt {
  readonly trigger: string;
  readonly outcome: string;
  readonly problems?: readonly string[];
}

interface ListenersAnswer {
  readonly listener_statuses?: readonly {
    readonly name?: string;
    readonly local_address?: { readonly socket_address?: { readonly port_value?: number } };
  }[];
}

const ADMIN = { address: { socket_address: { address: "127.0.0.1", port_value: 0 } } };
const ADMIN_YAML = "admin:\n  address:\n    socket_address: { address: 127.0.0.1, port_value: 0 }\n";

function hasAdmin(config: string | object): boolean {
  // JSON text can't be appended to; it has to bring its own.
  return typeof config === "string"
    ? /^\s*\{/.test(config) || /^\s*["']?admin["']?\s*:/m.test(config)
    : "admin" in config;
}

function readPort(file: string): number {
  try {
    return Number(/:(\d+)\s*$/.exec(readFileSync(file, "utf8"))?.[1] ?? 0);
  } catch {
    return 0; // Not written yet.
  }
}
