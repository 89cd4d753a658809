import { create, type DescMessage, fromBinary, type Message, type MessageShape } from "@bufbuild/protobuf";
import type { Any } from "@bufbuild/protobuf/wkt";
import { fileStamp, type StampedFile } from "../../base/file-stamp.ts";
import { FilterConfigSchema } from "../../proto/gen/envoy/config/route/v3/route_components_pb.js";
import type {
  CompileContext,
  CompiledExtension,
  CompiledRouteExtension,
  CompileFacts,
  NamedTypedConfig,
  PlacedTypedConfig,
  ResourceKind,
  ResourceUse,
} from "../compile-context.ts";
import type { ExtensionCategory } from "../extension-category.ts";
import { anyTypeName, type ExtensionIndex, isFilterConfig, unsupportedExtension } from "../extension-index.ts";
import { checkRules } from "../message/message-rules.ts";
import { findUnknownFields } from "../message/unknown-fields.ts";
import { missingExtensionHint } from "../missing-extensions.ts";
import { Place } from "../place.ts";
import { holdsSecret, withoutQuotes } from "../secret-place.ts";
import { MAX_MESSAGE_DEPTH } from "../source/source-document.ts";
import { type SupportTables, type SupportVisitor, walkSupport } from "../support-walk.ts";

/** A problem as a compilation sees it: with a place, not yet with a line. */
export interface PlacedProblem {
  readonly severity: "error" | "warning";
  readonly place: Place;
  readonly message: string;
  readonly hint?: string | undefined;
}

/** A resource as compiled, not yet packed. */
export interface UnpackedResource {
  readonly kind: ResourceKind;
  readonly name: string;
  readonly data: unknown;
}

/** A reference from one resource to another. */
export interface ResourceReference {
  readonly kind: ResourceKind;
  readonly name: string;
  readonly place: Place;
  /** What it is wanted for, if not all are fit for it. */
  readonly use?: ResourceUse | undefined;
}

/** A use that an item is not fit for. */
export interface RefusedUse {
  readonly use: ResourceUse;
  /** What can't be done, and why: goes on behind the item's name. */
  readonly reason: string;
}

/** What holds for all items of one compilation. */
export interface CompileEnvironment {
  readonly facts: CompileFacts;
  readonly extensions: ExtensionIndex;
  /** Settings that are not implemented are warnings and not errors. */
  readonly allowUnsupported: boolean;
}

/** How many problems one item may report; a broken generator must not fill the memory. */
const MAX_PROBLEMS = 1000;

/** The compilation of one item of the configuration: collects what its checks and compile functions report. */
export class ItemCompilation implements CompileContext {
  readonly facts: CompileFacts;
  /** Set by whoever compiles the item, when its name is known. */
  owner: { readonly kind: ResourceKind; readonly name: string } = { kind: "listener", name: "" };
  readonly problems: PlacedProblem[] = [];
  readonly resources: UnpackedResource[] = [];
  readonly references: ResourceReference[] = [];
  readonly refusedUses: RefusedUse[] = [];
  /** Names of the extensions that were compiled. */
  readonly extensions = new Set<string>();
  readonly #files = new Map<string, StampedFile>();
  /** The item came as a binary message, in which nothing below an Any was looked at yet. */
  fromBinary = false;
  readonly #environment: CompileEnvironment;
  readonly #reported = new Set<string>();
  readonly #resourceKeys = new Set<string>();
  /** By kind and name as it was asked for: the number that the last of that name got. */
  readonly #namesakes = new Map<string, number>();
  /** Paths of the messages that lost fields to errors. */
  readonly #incomplete = new Set<string>();
  readonly #unpacked = new WeakMap<Any, Message>();
  #errors = 0;

  constructor(environment: CompileEnvironment) {
    this.facts = environment.facts;
    this.#environment = environment;
  }

  /** How many errors (not warnings) were reported so far. */
  get errorCount(): number {
    return this.#errors;
  }

  get allowsUnsupported(): boolean {
    return this.#environment.allowUnsupported;
  }

  error(place: Place, message: string, hint?: string): void {
    this.#report("error", place, message, hint);
  }

  warning(place: Place, message: string, hint?: string): void {
    this.#report("warning", place, message, hint);
  }

  unsupported(place: Place, message: string, hint?: string): void {
    this.#report(this.#environment.allowUnsupported ? "warning" : "error", place, message, hint);
  }

  dependsOnFile(path: string): void {
    if (!this.#files.has(path)) this.#files.set(path, { path, stamp: fileStamp(path) });
  }

  /** Files whose content went into the result. */
  get files(): readonly StampedFile[] {
    return [...this.#files.values()];
  }

  /** Like `error`, for a value that is left out of its message: that message's own rules are then not checked. */
  malformed(place: Place, message: string, hint?: string): void {
    this.error(place, message, hint);
    const parent = place.parent ?? Place.root;
    this.#incomplete.add(parent.toString());
    // An item of a list or map stands in the list; the message is one step further up.
    this.#incomplete.add((parent.parent ?? Place.root).toString());
  }

  /** Takes over which messages lost fields while `other` read a part of what this one checks. */
  adoptIncomplete(other: ItemCompilation): void {
    for (const path of other.#incomplete) this.#incomplete.add(path);
  }

  /**
   * Checks a message against the protos' rules and the support tables, and likewise all extensions below it. True if one
   * of the protos' rules is broken.
   */
  check(type: DescMessage, message: Message, place: Place, tables: SupportTables): boolean {
    const incomplete = (at: Place): boolean => this.#incomplete.size > 0 && this.#incomplete.has(at.toString());
    let broken = false;
    const report = (at: Place, text: string, hint?: string): void => {
      broken = true;
      this.error(at, text, hint);
    };
    checkRules(type, message, place, report, incomplete);
    const visitor: SupportVisitor = {
      unsupported: (at, text, hint, optional) =>
        optional ? this.warning(at, text, hint) : this.unsupported(at, text, hint),
      any: (any, at, _tables, optional) => {
        if (this.#checkAny(any, at, optional)) broken = true;
      },
    };
    walkSupport(type, message, place, tables, visitor);
    return broken;
  }

  extension(category: ExtensionCategory, config: NamedTypedConfig, place: Place): CompiledExtension | undefined {
    const { typedConfig } = config;
    const at = place.field("typed_config");
    if (typedConfig === undefined || typedConfig.typeUrl === "") return this.#extensionByName(category, config, place);
    const typed = this.#environment.extensions.typed(anyTypeName(typedConfig));
    if (typed === undefined) {
      const name = anyTypeName(typedConfig);
      this.unsupported(at, unsupportedExtension(name), missingExtensionHint(name));
      return undefined;
    }
    const { extension } = typed;
    if (!extension.categories.includes(category) || anyTypeName(typedConfig) !== extension.schema.typeName) {
      this.error(at, `${typed.schema.typeName} can't stand here`, `expected an extension of ${category}`);
      return undefined;
    }
    this.extensions.add(extension.name);
    const data = extension.compile(this.#unpack(typedConfig, extension.schema, at), at, this);
    return { name: config.name, extension: extension.name, data, terminal: extension.terminal === true };
  }

  firstExtension(category: ExtensionCategory, candidates: readonly PlacedTypedConfig[]): CompiledExtension | undefined {
    for (const [at, { config, place }] of candidates.entries()) {
      const { typedConfig } = config;
      const typed = typedConfig !== undefined && typedConfig.typeUrl !== "";
      const typeName = typed ? anyTypeName(typedConfig) : config.name;
      const known = typed
        ? this.#environment.extensions.typed(typeName)
        : this.#environment.extensions.named(typeName, category);
      if (known === undefined && at + 1 < candidates.length) {
        this.warning(place, unsupportedExtension(typeName), "the next one is tried");
        continue;
      }
      const broken = typed && this.#checkAny(typedConfig, place.field("typed_config"), false);
      return broken ? undefined : this.extension(category, config, place);
    }
    return undefined;
  }

  routeExtension(config: Any, place: Place): CompiledRouteExtension | undefined {
    const typeName = anyTypeName(config);
    if (isFilterConfig(typeName)) return this.#wrappedRouteExtension(config, place);
    const extension = this.#environment.extensions.typed(typeName)?.extension;
    if (extension === undefined) {
      this.unsupported(place, unsupportedExtension(typeName), missingExtensionHint(typeName));
      return undefined;
    }
    const { routeSchema } = extension;
    if (routeSchema?.typeName !== typeName || extension.compileRoute === undefined) {
      const hint = routeSchema === undefined ? "it has no per-route configuration" : `expected ${routeSchema.typeName}`;
      this.error(place, `${typeName} is not the per-route configuration of ${extension.name}`, hint);
      return undefined;
    }
    this.extensions.add(extension.name);
    const data = extension.compileRoute(this.#unpack(config, routeSchema, place), place, this);
    return { extension: extension.name, disabled: false, data };
  }

  addResource(kind: ResourceKind, name: string, data: unknown): string {
    const base = `${this.owner.name}/${name}`;
    const key = `${kind} ${base}`;
    let unique = base;
    let count = this.#namesakes.get(key) ?? 1;
    // The loop is for a name that somebody has chosen to look like one of these.
    for (; this.#resourceKeys.has(`${kind} ${unique}`); unique = `${base}~${count}`) count++;
    this.#namesakes.set(key, count);
    this.#resourceKeys.add(`${kind} ${unique}`);
    this.resources.push({ kind, name: unique, data });
    return unique;
  }

  requireResource(kind: ResourceKind, name: string, place: Place, use?: ResourceUse): void {
    this.references.push({ kind, name, place, use });
  }

  refuseUse(use: ResourceUse, reason: string): void {
    this.refusedUses.push({ use, reason });
  }

  #report(severity: "error" | "warning", place: Place, message: string, hint: string | undefined): void {
    const key = `${place}\n${message}`;
    if (this.#reported.has(key)) return;
    if (severity === "error") this.#errors++;
    if (this.problems.length >= MAX_PROBLEMS) return;
    this.#reported.add(key);
    this.problems.push(
      holdsSecret(place)
        ? {
            severity,
            place,
            message: withoutQuotes(message),
            hint: hint === undefined ? undefined : withoutQuotes(hint),
          }
        : { severity, place, message, hint },
    );
  }

  #unpack<Schema extends DescMessage>(any: Any, type: Schema, place: Place): MessageShape<Schema> {
    const before = this.#unpacked.get(any);
    if (before !== undefined) return before as MessageShape<Schema>;
    let message: Message;
    try {
      message = fromBinary<DescMessage>(type, any.value, { recursionLimit: MAX_MESSAGE_DEPTH });
      if (this.fromBinary) findUnknownFields(type, message, place, (at, text) => this.error(at, text));
    } catch (error) {
      this.error(place, `not a binary ${type.typeName}: ${(error as Error).message}`);
      message = create<DescMessage>(type);
    }
    this.#unpacked.set(any, message);
    return message as MessageShape<Schema>;
  }

  #extensionByName(category: ExtensionCategory, config: NamedTypedConfig, place: Place): CompiledExtension | undefined {
    const extension = this.#environment.extensions.named(config.name, category);
    if (extension === undefined) {
      const known = config.name.startsWith("envoy.");
      const message = known ? `extension ${config.name} is not supported yet` : "typed_config is required";
      if (known) this.unsupported(place, message, missingExtensionHint(config.name));
      else this.error(place, message, "its @type says which extension this is; the name alone is free text");
      return undefined;
    }
    if (!extension.categories.includes(category)) {
      this.error(place, `${config.name} can't stand here`, `expected an extension of ${category}`);
      return undefined;
    }
    if (extension.configRequired === true) {
      const hint = `"@type": type.googleapis.com/${extension.schema.typeName}`;
      this.error(place, `${config.name} needs a typed_config`, hint);
      return undefined;
    }
    this.extensions.add(extension.name);
    const data = extension.compile(create(extension.schema), place.field("typed_config"), this);
    return { name: config.name, extension: extension.name, data, terminal: extension.terminal === true };
  }

  #wrappedRouteExtension(config: Any, place: Place): CompiledRouteExtension | undefined {
    const wrapper = this.#unpack(config, FilterConfigSchema, place);
    if (wrapper.config === undefined || wrapper.config.typeUrl === "") {
      return { extension: "", disabled: wrapper.disabled, data: undefined };
    }
    const inner = this.routeExtension(wrapper.config, place.field("config"));
    return inner === undefined ? undefined : { ...inner, disabled: wrapper.disabled };
  }

  #checkAny(any: Any, place: Place, optional: boolean): boolean {
    if (any.typeUrl === "") return false;
    const typeName = anyTypeName(any);
    if (isFilterConfig(typeName)) {
      const { config, isOptional } = this.#unpack(any, FilterConfigSchema, place);
      return config !== undefined && this.#checkAny(config, place.field("config"), isOptional);
    }
    const typed = this.#environment.extensions.typed(typeName);
    if (typed !== undefined) {
      return this.check(typed.schema, this.#unpack(any, typed.schema, place), place, typed.tables);
    }
    if (optional) this.warning(place, unsupportedExtension(typeName), "left out, because it is optional");
    else this.unsupported(place, unsupportedExtension(typeName), missingExtensionHint(typeName));
    return false;
  }
}
