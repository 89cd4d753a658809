import type { DescMessage } from "@bufbuild/protobuf";
import { fromBinary } from "@bufbuild/protobuf";
import type { Any } from "@bufbuild/protobuf/wkt";
import { InvariantError } from "../base/fatal.ts";
import { FilterConfigSchema } from "../proto/gen/envoy/config/route/v3/route_components_pb.js";
import { TypedStructSchema } from "../proto/gen/xds/type/v3/typed_struct_pb.js";
import { messageType } from "../proto/type-registry.ts";
import type { ExtensionCategory } from "./extension-category.ts";
import type { ExtensionConfig } from "./extension-config.ts";
import type { LaterExtensions } from "./later-extensions.ts";
import { type SupportTables, supportTables } from "./support-walk.ts";

/** What the type of an Any says about it. */
export interface TypedExtension {
  readonly extension: ExtensionConfig;
  readonly schema: DescMessage;
  /** `config` for the extension's own type, `route` for that of its per-route configuration. */
  readonly role: "config" | "route";
  /** The tables that hold for its message: the extension's own before the general ones. */
  readonly tables: SupportTables;
}

/** All extensions of a compiler table, by name and by type. */
export class ExtensionIndex {
  readonly #byName = new Map<string, ExtensionConfig[]>();
  readonly #byType = new Map<string, TypedExtension>();

  /** Names that were asked for and are those of extensions that are not loaded yet. */
  readonly missing = new Set<string>();
  readonly #general: SupportTables;
  readonly #later: LaterExtensions | undefined;

  /** Throws `InvariantError` if two extensions claim the same name in one category, or the same type. */
  constructor(extensions: readonly ExtensionConfig[], general: SupportTables, later?: LaterExtensions) {
    this.#general = general;
    this.#later = later;
    this.add(extensions);
  }

  /** Adds more of them; throws as the constructor. */
  add(extensions: readonly ExtensionConfig[]): void {
    for (const extension of extensions) {
      const namesakes = this.#byName.get(extension.name) ?? [];
      if (namesakes.some(({ categories }) => categories.some((category) => extension.categories.includes(category)))) {
        throw new InvariantError(`two extensions are named ${extension.name}`);
      }
      this.#byName.set(extension.name, [...namesakes, extension]);
      const tables = supportTables(extension.support, this.#general);
      this.#add({ extension, schema: extension.schema, role: "config", tables });
      if (extension.routeSchema !== undefined) {
        this.#add({ extension, schema: extension.routeSchema, role: "route", tables });
      }
    }
  }

  /** The types of those that are loaded. */
  schemas(): DescMessage[] {
    return [...this.#byType.values()].map(({ schema }) => schema);
  }

  #add(typed: TypedExtension): void {
    const { typeName } = typed.schema;
    const before = this.#byType.get(typeName);
    // An extension may use one type for both; the role then depends on where it stands.
    if (before?.extension === typed.extension) return;
    if (before !== undefined) throw new InvariantError(`two extensions have the type ${typeName}`);
    this.#byType.set(typeName, typed);
  }

  /** The extension of Envoy's name `name`: the one that stands in `category`, if there are several. */
  named(name: string, category: ExtensionCategory): ExtensionConfig | undefined {
    const namesakes = this.#byName.get(name);
    this.#noteIfLater(name);
    return namesakes?.find(({ categories }) => categories.includes(category)) ?? namesakes?.[0];
  }

  /** The extension that a message type belongs to. */
  typed(typeName: string): TypedExtension | undefined {
    const found = this.#byType.get(typeName);
    if (found === undefined) this.#noteIfLater(typeName);
    return found;
  }

  #noteIfLater(name: string): void {
    if (this.#later?.has(name) === true) this.missing.add(name);
  }
}

/**
 * The full name of the type an Any holds. For an Any of a type that Troupe does not have, the name that the configuration gave
 * (see `canonicalMessage`).
 */
export function anyTypeName(any: Any): string {
  const typeName = any.typeUrl.slice(any.typeUrl.lastIndexOf("/") + 1);
  if (typeName !== TypedStructSchema.typeName) return typeName;
  try {
    const { typeUrl } = fromBinary(TypedStructSchema, any.value);
    const inner = typeUrl.slice(typeUrl.lastIndexOf("/") + 1);
    // A binary configuration can hold a TypedStruct as it is, whose content is not that of the type it names.
    return messageType(inner) === undefined ? inner : typeName;
  } catch {
    return typeName;
  }
}

/** True for the wrapper that per-route configuration may have around it. */
export function isFilterConfig(typeName: string): boolean {
  return typeName === FilterConfigSchema.typeName;
}

/** What to say about an Any that no supported extension claims. */
export function unsupportedExtension(typeName: string): string {
  return messageType(typeName) === undefined && !typeName.startsWith("envoy.")
    ? `${typeName} is no known extension type`
    : `extension ${typeName} is not supported yet`;
}
