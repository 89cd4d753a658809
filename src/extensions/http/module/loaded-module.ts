import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { settleWithin } from "../../../actor/settle-within.ts";
import type { TimerWheel } from "../../../base/timer-wheel.ts";
import type { HttpModule } from "./contract.ts";

/** What the configuration says of a module; compiled on the main side. */
export interface ModuleData {
  /** Absolute path. */
  readonly file: string;
  /** SHA-256 of the file as it was compiled, in hex. A changed file is a changed configuration. */
  readonly sha256: string;
  /** A JSON value, or null. */
  readonly config: unknown;
}

const FUNCTIONS = [
  "configure",
  "decodeHeaders",
  "decodeData",
  "decodeTrailers",
  "encodeHeaders",
  "encodeData",
  "encodeTrailers",
  "onDestroy",
] as const satisfies (keyof HttpModule)[];

/** Shorter than the supervisor waits for a worker, so that the reason is known. */
const LOAD_DEADLINE_MS = 5000;

/** Modules of this thread by file and content. Node keeps what it has imported for good, so these need not be bounded more. */
const loaded = new Map<string, HttpModule>();

/** Loads a module, once per thread and content. Rejects with what is wrong: not there, does not parse, takes too long, no such function. */
export async function loadModule(data: ModuleData, timers: TimerWheel): Promise<void> {
  const key = keyOf(data);
  if (loaded.has(key)) return;
  const bytes = await readFile(data.file);
  if (createHash("sha256").update(bytes).digest("hex") !== data.sha256) {
    throw new Error(`${data.file} has changed since the configuration was read; reload again`);
  }
  let namespace: Record<string, unknown>;
  try {
    // The query makes Node load the new content of a known file.
    const loading = import(`${pathToFileURL(data.file).href}?v=${data.sha256}`);
    if ((await settleWithin(timers, LOAD_DEADLINE_MS, loading)) === "late") {
      throw new Error(`its top-level await takes longer than ${LOAD_DEADLINE_MS / 1000} s`);
    }
    namespace = await loading;
  } catch (error) {
    throw new Error(`${data.file}${lineOf(error, data.file)} can't be loaded: ${messageOf(error)}`, { cause: error });
  }
  loaded.set(key, checked(namespace, data.file));
}

/** What the module's `configure` makes of `data.config`, or that itself. Throws what is wrong, with the file's name. */
export function configured(module: HttpModule, data: ModuleData): unknown {
  if (module.configure === undefined) return data.config;
  let config: unknown;
  try {
    config = module.configure(data.config);
  } catch (error) {
    throw new Error(`configure of ${data.file} failed: ${messageOf(error)}`, { cause: error });
  }
  if (config instanceof Promise) {
    config.catch(() => {});
    throw new Error(`configure of ${data.file} returns a promise; what takes time is awaited at the top of the module`);
  }
  return config;
}

/** A module that `loadModule` has loaded. */
export function loadedModule(data: ModuleData): HttpModule {
  const module = loaded.get(keyOf(data));
  if (module === undefined) throw new Error(`${data.file} is not loaded`);
  return module;
}

function keyOf(data: ModuleData): string {
  return `${data.sha256} ${data.file}`;
}

function checked(namespace: Record<string, unknown>, file: string): HttpModule {
  let functions = 0;
  for (const name of FUNCTIONS) {
    const value = namespace[name];
    if (value === undefined) continue;
    if (typeof value !== "function") throw new Error(`${file}: its export ${name} is no function`);
    functions++;
  }
  if (functions === 0) throw new Error(`${file} exports none of ${FUNCTIONS.join(", ")}`);
  return namespace as HttpModule;
}

/** `:LINE` where the stack says in which line of `file` it happened; else `""`, as for JavaScript that does not parse. */
function lineOf(error: unknown, file: string): string {
  const stack = error instanceof Error ? String(error.stack) : "";
  for (const before of [`${file}:`, `${pathToFileURL(file).href}?v=`]) {
    const at = stack.indexOf(before);
    const line = at === -1 ? null : /^(?:[0-9a-f]{64}:)?(\d+)/.exec(stack.slice(at + before.length));
    if (line !== null) return `:${line[1]}`;
  }
  return "";
}

/** What a module threw, whatever it was; also what can't be made a text. */
export function messageOf(error: unknown): string {
  try {
    return error instanceof Error ? String(error.message) : String(error);
  } catch {
    return "something that has no text";
  }
}
