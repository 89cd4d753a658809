import { resolve } from "node:path";
import { BootstrapSchema } from "../../proto/gen/envoy/config/bootstrap/v3/bootstrap_pb.js";
import { type BootstrapHelpers, compileBootstrapOf } from "../bootstrap/bootstrap-compiler.ts";
import type { BootstrapData } from "../bootstrap/bootstrap-data.ts";
import type { CompileFacts, ResourceKind } from "../compile-context.ts";
import { byPlace, type ConfigProblem } from "../config-problem.ts";
import { ExtensionIndex } from "../extension-index.ts";
import { type LaterExtensions, namedTypes } from "../later-extensions.ts";
import { Place } from "../place.ts";
import { fieldNamesOf, withExcerpts } from "../problem-excerpt.ts";
import { type ConfigSource, type SourceItem, SplitMismatch } from "../source/config-source.ts";
import { type ConfigText, openSource } from "../source/open-source.ts";
import { readConfigFile } from "../source/read-config-file.ts";
import { supportTables } from "../support-walk.ts";
import { type CompileOutcome, type CompileRequest, type PackedResource, resourceKey } from "./compile-request.ts";
import type { CompilerTable } from "./compiler-table.ts";
import { ItemCache } from "./item-cache.ts";
import type { CompileEnvironment, PlacedProblem, RefusedUse, ResourceReference } from "./item-compilation.ts";
import { type CompiledItem, ItemCompiler } from "./item-compiler.ts";
import { contentHash, packResource } from "./resource-packing.ts";

/** Changed items are loaded and compiled this many at a time, so that their syntax trees do not pile up. */
const CHUNK_ITEMS = 512;
/** Items with errors after which no more are compiled: their list would be of no use, and placing errors takes time. */
const MAX_FAILED_ITEMS = 200;
const NO_FACTS: CompileFacts = { nodeId: "", nodeCluster: "", nodeZone: "", directory: "", secrets: {} };

/** One item of the merged configuration with what became of it. */
interface ItemResult {
  readonly source: ConfigSource;
  readonly item: SourceItem;
  readonly compiled: CompiledItem;
}

/**
 * Turns configuration texts into packed resources. Keeps what it compiled, so that the next call compiles only items whose text
 * changed; the outcome is the same as without. Lives on the compiler thread; not for concurrent calls.
 */
export class ConfigurationCompiler {
  readonly #extensions: ExtensionIndex;
  readonly #items: ItemCompiler;
  readonly #cache = new ItemCache();
  readonly #helpers: BootstrapHelpers;
  readonly #later: LaterExtensions | undefined;
  /** Those of the last good bootstrap; a bad one must not empty the cache by having none. */
  #facts = NO_FACTS;
  /** Found when something is wrong for the first time. */
  #fieldNames: ReadonlySet<string> | undefined;

  constructor(table: CompilerTable) {
    this.#extensions = new ExtensionIndex(table.extensions, supportTables(table.support), table.later);
    this.#later = table.later;
    this.#items = new ItemCompiler(table);
    this.#helpers = { secret: table.secret, accessLogs: table.accessLogs };
  }

  /** Never throws for bad input: whatever is wrong is in the outcome, all of it at once. */
  compile(request: CompileRequest): CompileOutcome {
    const read = readTexts(request);
    return read.texts === undefined ? read.outcome : this.#compileRead(read.texts, request);
  }

  /** As `compile`, and loads extensions that the configuration is the first to name. */
  async compileLoading(request: CompileRequest): Promise<CompileOutcome> {
    const read = readTexts(request);
    if (read.texts === undefined) return read.outcome;
    const { missing } = this.#extensions;
    await this.#load(namedTypes(read.texts));
    const outcome = this.#compileRead(read.texts, request);
    if (missing.size === 0) return outcome;
    // Named without their type, or in a way that only a parser understands. What was made without them is wrong.
    await this.#load(missing);
    missing.clear();
    this.#cache.clear();
    return this.#compileRead(read.texts, request);
  }

  async #load(names: Iterable<string>): Promise<void> {
    if (this.#later !== undefined) this.#extensions.add(await this.#later.load(names));
  }

  #compileRead(texts: readonly ConfigText[], request: CompileRequest): CompileOutcome {
    try {
      return this.#compileTexts(texts, request, true);
    } catch (error) {
      if (!(error instanceof SplitMismatch)) throw error;
      return this.#compileTexts(texts, request, false);
    }
  }

  #compileTexts(texts: readonly ConfigText[], request: CompileRequest, split: boolean): CompileOutcome {
    const opened = texts.map((text) => openSource(text, split));
    const unopened = opened.flatMap(({ problems }) => problems ?? []);
    if (unopened.length > 0) return { ok: false, problems: this.#withExcerpts(unopened, texts), files: [] };
    const sources = opened.flatMap(({ source }) => source ?? []);
    const allowUnsupported = request.allowUnsupported ?? false;
    const directory = request.path === undefined ? process.cwd() : resolve(request.path, "..");
    const bootstrap = compileBootstrapOf(
      sources,
      request.node,
      { facts: { ...NO_FACTS, directory }, extensions: this.#extensions, allowUnsupported },
      this.#helpers,
    );
    if (bootstrap.data !== undefined) this.#facts = factsOf(bootstrap.data, bootstrap.secrets, directory);
    const environment: CompileEnvironment = {
      facts: this.#facts,
      extensions: this.#extensions,
      allowUnsupported,
    };
    this.#cache.begin(JSON.stringify([environment.facts, allowUnsupported]));
    const results = sources.flatMap((source) => this.#compileItems(source, environment));
    const failed = results.filter(({ compiled }) => compiled.failed);
    const given = failed.length >= MAX_FAILED_ITEMS ? [givenUp(sources[0]!)] : crossProblems(results);
    const problems = [...bootstrap.problems, ...itemProblems(results), ...given].sort(
      (a, b) =>
        texts.findIndex(({ file }) => file === a.file) - texts.findIndex(({ file }) => file === b.file) ||
        byPlace(a, b),
    );
    const files = [...bootstrap.files, ...results.flatMap(({ compiled }) => compiled.files)];
    if (bootstrap.data === undefined || problems.some(({ severity }) => severity === "error")) {
      return { ok: false, problems: this.#withExcerpts(problems, texts), files };
    }
    this.#cache.commit();
    return {
      ok: true,
      texts,
      problems,
      bootstrap: bootstrap.data,
      files,
      ...collect(results, bootstrapResources(bootstrap.data), request.known),
    };
  }

  #withExcerpts(problems: readonly ConfigProblem[], texts: readonly ConfigText[]): ConfigProblem[] {
    return withExcerpts(problems, texts, () => {
      this.#fieldNames ??= fieldNamesOf([BootstrapSchema, ...this.#extensions.schemas()]);
      return this.#fieldNames;
    });
  }

  #compileItems(source: ConfigSource, environment: CompileEnvironment): ItemResult[] {
    const results = new Map<SourceItem, CompiledItem>();
    const changed: SourceItem[] = [];
    for (const item of source.items) {
      const cached = this.#cache.get(item);
      if (cached === undefined) changed.push(item);
      else results.set(item, cached);
    }
    let failures = 0;
    for (let from = 0; from < changed.length && failures < MAX_FAILED_ITEMS; from += CHUNK_ITEMS) {
      const chunk = changed.slice(from, from + CHUNK_ITEMS);
      for (const [index, loaded] of source.load(chunk).entries()) {
        const item = chunk[index]!;
        const compiled = this.#items.compile(item, loaded, environment);
        this.#cache.set(item, compiled);
        if (compiled.failed && ++failures > MAX_FAILED_ITEMS) break;
        results.set(item, compiled);
      }
    }
    return source.items.flatMap((item) => {
      const compiled = results.get(item);
      return compiled === undefined ? [] : [{ source, item, compiled }];
    });
  }
}

function readTexts(
  request: CompileRequest,
): { readonly texts: readonly ConfigText[] } | { readonly texts?: undefined; readonly outcome: CompileOutcome } {
  const { path, texts = [] } = request;
  if (path === undefined) return { texts };
  const file = readConfigFile(path);
  if (file.content === undefined) return { outcome: unreadable(path, file.message, file.hint) };
  return { texts: [{ file: path, content: file.content }, ...texts] };
}

function unreadable(file: string, message: string, hint: string | undefined): CompileOutcome {
  const problem: ConfigProblem = { severity: "error", file, line: 0, column: 0, path: "", message };
  return { ok: false, problems: [hint === undefined ? problem : { ...problem, hint }], files: [] };
}

function factsOf(
  { node, localClusterName, upstreamBind, dnsResolver }: BootstrapData,
  secrets: CompileFacts["secrets"],
  directory: string,
): CompileFacts {
  return {
    nodeId: node.id,
    nodeCluster: node.cluster,
    nodeZone: node.zone,
    nodeMetadata: node.metadata,
    ...(localClusterName !== "" && {
      localCluster: {
        name: localClusterName,
        locality: { region: node.region, zone: node.zone, subZone: node.subZone },
      },
    }),
    ...(upstreamBind !== null && { upstreamBind }),
    ...(dnsResolver !== null && { dnsResolver }),
    directory,
    secrets,
  };
}

function givenUp({ file }: ConfigSource): ConfigProblem {
  const message = `${MAX_FAILED_ITEMS} listeners and clusters have errors; the rest was not checked`;
  return { severity: "error", file, line: 0, column: 0, path: "", message };
}

/** Gives problems of an item their file, line and whole path. The item is loaded again, which happens only if it has problems. */
function placedInItem({ source, item }: ItemResult, problems: readonly PlacedProblem[]): ConfigProblem[] {
  if (problems.length === 0) return [];
  const [loaded] = source.load([item]);
  const itemPlace = Place.root.field("static_resources").field(item.list).index(item.index);
  return problems.map(({ severity, place, message, hint }) => {
    const { line, column } = loaded!.locate(place.steps());
    const path = place.under(itemPlace).toString();
    return { severity, file: source.file, line, column, path, message, ...(hint !== undefined && { hint }) };
  });
}

function itemProblems(results: readonly ItemResult[]): ConfigProblem[] {
  return results.flatMap((result) => placedInItem(result, result.compiled.problems));
}

/** What only shows when all items are known: names used twice, and references that lead nowhere, or to what is not fit for them. */
function crossProblems(results: readonly ItemResult[]): ConfigProblem[] {
  const names = new Set<string>();
  const refused = new Map<string, readonly RefusedUse[]>();
  const problems: ConfigProblem[] = [];
  for (const result of results) {
    const { kind, list } = result.item;
    const { name, resources } = result.compiled;
    if (name === "") continue;
    const key = resourceKey({ kind, name });
    if (names.has(key)) {
      const message = `duplicate ${kind} name ${JSON.stringify(name)}`;
      problems.push(
        ...placedInItem(result, [
          { severity: "error", place: Place.root.field("name"), message, hint: `names of ${list} must be unique` },
        ]),
      );
    }
    names.add(key);
    if (result.compiled.refusedUses.length > 0) refused.set(key, result.compiled.refusedUses);
    for (const resource of resources) names.add(resourceKey(resource));
  }
  for (const result of results) {
    const wrong = result.compiled.references.flatMap((reference): PlacedProblem[] => {
      const message = wrongReference(reference, names, refused);
      return message === null ? [] : [{ severity: "error", place: reference.place, message }];
    });
    problems.push(...placedInItem(result, wrong));
  }
  return problems;
}

/** What is wrong with a reference; null if nothing is. */
function wrongReference(
  reference: ResourceReference,
  names: ReadonlySet<string>,
  refused: ReadonlyMap<string, readonly RefusedUse[]>,
): string | null {
  const { kind, name, use } = reference;
  const key = resourceKey(reference);
  if (!names.has(key)) return `there is no ${kind} named ${JSON.stringify(name)}`;
  const refusal = use === undefined ? undefined : refused.get(key)?.find((one) => one.use === use);
  return refusal === undefined ? null : `the ${kind} ${JSON.stringify(name)} ${refusal.reason}`;
}

/** The lists of all extensions and resources, and the data of those the caller does not have. */
function collect(
  results: readonly ItemResult[],
  runtime: readonly PackedResource[],
  known: ReadonlyMap<string, string> | undefined,
): Pick<CompileOutcome & { ok: true }, "extensions" | "resources" | "changed"> {
  const all = [...runtime, ...results.flatMap(({ compiled }) => compiled.resources)];
  const changed = all.filter((resource) => known?.get(resourceKey(resource)) !== resource.hash);
  return {
    extensions: [...new Set(results.flatMap(({ compiled }) => compiled.extensions))],
    resources: all.map(({ kind, name, hash }) => ({ kind, name, hash })),
    changed: shareBuffer(changed),
  };
}

/** What the bootstrap says for all workers. */
function bootstrapResources({ runtime, overload }: BootstrapData): PackedResource[] {
  const resources: PackedResource[] = [];
  if (runtime.length > 0) resources.push(packed("runtime", "layered_runtime", runtime));
  if (overload !== null) resources.push(packed("overload", "overload_manager", overload));
  return resources;
}

function packed(kind: ResourceKind, name: string, content: unknown): PackedResource {
  const data = packResource(content);
  return { kind, name, hash: contentHash(data), data };
}

/** The same resources with all data in one buffer: one allocation to copy between threads and not thousands. */
function shareBuffer(resources: readonly PackedResource[]): PackedResource[] {
  const total = resources.reduce((sum, { data }) => sum + data.length, 0);
  const buffer = new Uint8Array(total);
  let at = 0;
  return resources.map((resource) => {
    buffer.set(resource.data, at);
    const data = buffer.subarray(at, at + resource.data.length);
    at += data.length;
    return { ...resource, data };
  });
}
