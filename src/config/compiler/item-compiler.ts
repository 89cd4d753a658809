import { type DescMessage, fromJson, type JsonValue, type Message } from "@bufbuild/protobuf";
import type { StampedFile } from "../../base/file-stamp.ts";
import { ClusterSchema } from "../../proto/gen/envoy/config/cluster/v3/cluster_pb.js";
import { ListenerSchema } from "../../proto/gen/envoy/config/listener/v3/listener_pb.js";
import { typeRegistry } from "../../proto/type-registry.ts";
import { canonicalMessage } from "../message/canonical-message.ts";
import { Place } from "../place.ts";
import type { LoadedItem, SourceItem } from "../source/config-source.ts";
import { MAX_MESSAGE_DEPTH } from "../source/source-document.ts";
import { type SupportTables, supportTables } from "../support-walk.ts";
import type { PackedResource } from "./compile-request.ts";
import type { CompilerTable } from "./compiler-table.ts";
import {
  type CompileEnvironment,
  ItemCompilation,
  type PlacedProblem,
  type RefusedUse,
  type ResourceReference,
} from "./item-compilation.ts";
import { contentHash, packResource } from "./resource-packing.ts";

/** What became of one item. Places start at the item, so that the result stays true when the item moves. */
export interface CompiledItem {
  /** Empty if the item has an error before its name is known. */
  readonly name: string;
  /** The item's own resource first, then those configured inside it. Empty after an error. */
  readonly resources: readonly PackedResource[];
  /** Names of the extensions in it. */
  readonly extensions: readonly string[];
  readonly references: readonly ResourceReference[];
  readonly refusedUses: readonly RefusedUse[];
  readonly problems: readonly PlacedProblem[];
  readonly failed: boolean;
  /** Files that went into it: the same text may give another result the next time. */
  readonly files: readonly StampedFile[];
}

/** Compiles listeners and clusters one by one. */
export class ItemCompiler {
  readonly #table: CompilerTable;
  readonly #listenerSupport: SupportTables;
  readonly #clusterSupport: SupportTables;

  constructor(table: CompilerTable) {
    this.#table = table;
    const general = supportTables(table.support);
    this.#listenerSupport = supportTables(table.listener.support, general);
    this.#clusterSupport = supportTables(table.cluster.support, general);
  }

  /** Never throws for bad input: all that is wrong is in the result. */
  compile(item: SourceItem, loaded: LoadedItem, environment: CompileEnvironment): CompiledItem {
    const compilation = new ItemCompilation(environment);
    if (item.kind === "listener") this.#compileListener(loaded, compilation);
    else this.#compileCluster(loaded, compilation);
    const { problems, references, refusedUses, owner } = compilation;
    const failed = compilation.errorCount > 0;
    const resources = failed
      ? []
      : compilation.resources.map(({ kind, name, data: unpacked }): PackedResource => {
          const data = packResource(unpacked);
          return { kind, name, hash: contentHash(data), data };
        });
    const extensions = [...compilation.extensions];
    const { files } = compilation;
    return { name: owner.name, resources, extensions, references, refusedUses, problems, failed, files };
  }

  #compileListener(loaded: LoadedItem, compilation: ItemCompilation): void {
    const message = readMessage(ListenerSchema, loaded, compilation);
    if (message === undefined) return;
    const { listener } = this.#table;
    const typed = message as Parameters<typeof listener.compile>[0];
    // Also what is refused has a name: what refers to it is not to be blamed.
    compilation.owner = { kind: "listener", name: typed.name };
    if (!checked(ListenerSchema, typed, compilation, this.#listenerSupport)) return;
    const name = listener.name(typed);
    compilation.owner = { kind: "listener", name };
    finish(compilation, name, () => listener.compile(typed, Place.root, compilation));
  }

  #compileCluster(loaded: LoadedItem, compilation: ItemCompilation): void {
    const message = readMessage(ClusterSchema, loaded, compilation);
    if (message === undefined) return;
    const { cluster } = this.#table;
    const typed = message as Parameters<typeof cluster.compile>[0];
    // Also what is refused has a name: what refers to it is not to be blamed.
    compilation.owner = { kind: "cluster", name: typed.name };
    if (!checked(ClusterSchema, typed, compilation, this.#clusterSupport)) return;
    const name = cluster.name(typed);
    compilation.owner = { kind: "cluster", name };
    finish(compilation, name, () => cluster.compile(typed, Place.root, compilation));
  }
}

/** The message that a value stands for, without what was wrong in it; undefined if nothing can be made of it. */
export function readMessage(
  type: DescMessage,
  loaded: { readonly value?: JsonValue; readonly message?: Message },
  compilation: ItemCompilation,
): Message | undefined {
  if (loaded.message !== undefined) {
    compilation.fromBinary = true;
    return loaded.message;
  }
  const canonical = canonicalMessage(type, loaded.value ?? null, Place.root, (place, message, hint) => {
    compilation.malformed(place, message, hint);
  });
  if (canonical === undefined) return undefined;
  try {
    return fromJson(type, canonical, { registry: typeRegistry, recursionLimit: MAX_MESSAGE_DEPTH });
  } catch (error) {
    compilation.error(Place.root, (error as Error).message);
    return undefined;
  }
}

/** Checks the message; true if it is fit to be compiled. Unsupported settings do not keep it from that. */
function checked(type: DescMessage, message: Message, compilation: ItemCompilation, tables: SupportTables): boolean {
  const malformed = compilation.errorCount > 0;
  const broken = compilation.check(type, message, Place.root, tables);
  return !malformed && !broken;
}

/** Runs a compile function and puts its result before the resources that it added. */
function finish(compilation: ItemCompilation, name: string, compile: () => unknown): void {
  if (name === "") compilation.error(Place.root.field("name"), "name must not be empty");
  try {
    compilation.resources.unshift({ kind: compilation.owner.kind, name, data: compile() });
  } catch (error) {
    // A fault in one extension must not take the compiler and its cache down.
    compilation.error(Place.root, `internal error: ${(error as Error).stack ?? String(error)}`);
  }
}
