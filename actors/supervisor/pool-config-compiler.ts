import { statSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import type { StampedFile } from "../../src/base/file-stamp.ts";
import type { BootstrapData } from "../../src/config/bootstrap/bootstrap-data.ts";
import { type CompileRequest, type PackedResource, resourceKey } from "../../src/config/compiler/compile-request.ts";
import type { CompilerPool } from "../../src/config/compiler/compiler-pool.ts";
import { unpackResource } from "../../src/config/compiler/resource-packing.ts";
import type { ConfigProblem } from "../../src/config/config-problem.ts";
import type { ListenerData } from "../../src/listener/listener-data.ts";
import {
  duplicateAddresses,
  type ListeningSocketSpec,
  listeningSocketSpecs,
} from "../../src/listener/listening-socket-spec.ts";
import type { CompileOutcome, ConfigCompiler, ConfigSource } from "./config-compiler.ts";

/** A resource with what the main thread reads out of its data. */
interface KnownResource extends PackedResource {
  /** Null for what is no listener. */
  readonly listener: ListenerData | null;
}

/**
 * The supervisor's compiler: sends the source to the compiler's thread and puts together what came back with what is known
 * from before, since only changed resources travel. Main thread.
 */
export class PoolConfigCompiler implements ConfigCompiler {
  readonly #pool: CompilerPool;
  /** The command line's part of each request. */
  readonly #commandLine: CompileRequest;
  /** What came from a pipe or a terminal, which can't be read again: a reload is given the same. */
  #readOnce: CompileRequest["texts"];
  #known: ReadonlyMap<string, KnownResource> = new Map();
  #running: BootstrapData | null = null;
  #files: readonly StampedFile[] = [];
  #onFiles: (files: readonly StampedFile[]) => void = () => {};

  constructor(pool: CompilerPool, commandLine: CompileRequest) {
    this.#pool = pool;
    this.#commandLine = commandLine;
  }

  /** The bootstrap that the process started with; null before the first good compilation. */
  get bootstrap(): BootstrapData | null {
    return this.#running;
  }

  /** Calls `onFiles` now and after each compilation of the command line's configuration with the files that its settings name. */
  watchFiles(onFiles: (files: readonly StampedFile[]) => void): void {
    this.#onFiles = onFiles;
    onFiles(this.#files);
  }

  async compile(source: ConfigSource): Promise<CompileOutcome> {
    // A dry run and a reload may be under way together: what is left out of the answer is what was known when asked.
    const base = this.#known;
    const known = new Map([...base].map(([key, { hash }]) => [key, hash]));
    const outcome = await this.#pool.compile({ ...this.#request(source), known });
    if (source.text === undefined) {
      this.#files = outcome.files;
      this.#onFiles(outcome.files);
    }
    if (!outcome.ok) return { ok: false, problems: outcome.problems };
    if (source.text === undefined && !isFile(this.#commandLine.path)) this.#readOnce = outcome.texts;
    const changed = new Map(outcome.changed.map((resource) => [resourceKey(resource), resource]));
    const resources = new Map<string, KnownResource>();
    for (const stamp of outcome.resources) {
      const key = resourceKey(stamp);
      const fresh = changed.get(key);
      resources.set(key, fresh === undefined ? base.get(key)! : withListener(fresh));
    }
    this.#known = resources;
    const listeners = [...resources.values()].flatMap(({ listener }) => listener ?? []);
    const clashes = duplicateAddresses(listeners);
    if (clashes.length > 0)
      return { ok: false, problems: clashes.map(({ listener, message }) => clash(listener, message)) };
    this.#running ??= outcome.bootstrap;
    return {
      ok: true,
      config: {
        resources: [...resources.values()].map(({ kind, name, hash, data }) => ({ kind, name, hash, data })),
        extensions: outcome.extensions,
        sockets: listeners.flatMap((listener): ListeningSocketSpec[] => listeningSocketSpecs(listener)),
        problems: outcome.problems,
        needsRestart: needsRestart(this.#running, outcome.bootstrap),
        source: { texts: outcome.texts, node: this.#commandLine.node },
      },
    };
  }

  #request(source: ConfigSource): CompileRequest {
    const { path: _path, ...others } = this.#commandLine;
    if (source.text === undefined) {
      return this.#readOnce === undefined ? this.#commandLine : { ...others, texts: this.#readOnce };
    }
    return { ...others, texts: [{ file: source.label, content: Buffer.from(source.text) }, ...(others.texts ?? [])] };
  }
}

function isFile(path: string | undefined): boolean {
  return path === undefined || (statSync(path, { throwIfNoEntry: false })?.isFile() ?? true);
}

function withListener(resource: PackedResource): KnownResource {
  const listener = resource.kind === "listener" ? (unpackResource(resource.data) as ListenerData) : null;
  return { ...resource, listener };
}

function clash(listener: string, message: string): ConfigProblem {
  const hint = "give each listener an address of its own";
  return { severity: "error", file: "", line: 0, column: 0, path: `listener "${listener}"`, message, hint };
}

/** What can't change while the process runs, and has. */
function needsRestart(running: BootstrapData, wanted: BootstrapData): string[] {
  const paths: string[] = [];
  if (!isDeepStrictEqual(running.node, wanted.node)) paths.push("node");
  if (!isDeepStrictEqual(running.admin, wanted.admin)) paths.push("admin");
  if (!isDeepStrictEqual(running.stats, wanted.stats)) paths.push("stats_config");
  if (running.outlierEventLogPath !== wanted.outlierEventLogPath) paths.push("cluster_manager.outlier_detection");
  if (!isDeepStrictEqual(running.statsSinks, wanted.statsSinks)) paths.push("stats_sinks");
  return paths;
}
