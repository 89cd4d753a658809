import type { Any } from "@bufbuild/protobuf/wkt";
import type {
  CompileContext,
  CompiledExtension,
  CompiledRouteExtension,
  NamedTypedConfig,
  ResourceKind,
} from "../../src/config/compile-context.ts";
import type { ExtensionCategory } from "../../src/config/extension-category.ts";
import type { Place } from "../../src/config/place.ts";

/** A `CompileContext` for tests of compile functions: writes down what is reported, compiles no real extension. */
export class RecordingCompileContext implements CompileContext {
  readonly facts = { nodeId: "", nodeCluster: "proxies", nodeZone: "", directory: import.meta.dirname, secrets: {} };
  readonly allowsUnsupported = false;
  readonly owner = { kind: "listener", name: "test" } as const;
  /** `place: message` of each error, in order; unsupported settings begin with `unsupported: `, warnings likewise. */
  readonly problems: string[] = [];
  /** Files that the result depends on. */
  readonly files: string[] = [];
  /** `kind name` of each resource that was added. */
  readonly added: string[] = [];
  /** `kind name` of each resource that must exist. */
  readonly required: string[] = [];

  error(place: Place, message: string): void {
    this.problems.push(`${place}: ${message}`);
  }

  unsupported(place: Place, message: string): void {
    this.problems.push(`unsupported: ${place}: ${message}`);
  }

  warning(place: Place, message: string): void {
    this.problems.push(`warning: ${place}: ${message}`);
  }

  dependsOnFile(path: string): void {
    this.files.push(path);
  }

  extension(_category: ExtensionCategory, config: NamedTypedConfig, _place: Place): CompiledExtension {
    return { name: config.name, extension: config.name, data: null };
  }

  firstExtension(): undefined {
    return undefined;
  }

  /** The extension's name is the last word of the type URL; its data is the text of the bytes. */
  routeExtension(config: Any, _place: Place): CompiledRouteExtension {
    const extension = config.typeUrl.slice(config.typeUrl.lastIndexOf(".") + 1);
    return { extension, disabled: extension === "", data: Buffer.from(config.value).toString("latin1") };
  }

  addResource(kind: ResourceKind, name: string): string {
    this.added.push(`${kind} ${name}`);
    return name;
  }

  requireResource(kind: ResourceKind, name: string): void {
    this.required.push(`${kind} ${name}`);
  }

  refuseUse(): void {}
}
