import type { JsonObject } from "@bufbuild/protobuf";
import type { Any } from "@bufbuild/protobuf/wkt";
import type { ExtensionCategory } from "./extension-category.ts";
import type { Place } from "./place.ts";
import type { UpstreamBindData } from "./upstream-bind-data.ts";

/**
 * What is compiled, diffed and applied on its own. A route table inside a listener is a resource of its own, and so is what the
 * workers count or know together for a filter: a `sharedCount`, a `tokenBucket` or a `sharedValue`, whose data is null. A `tlsContext` holds certificates, which change without it. `runtime` is one: all layers of runtime values; `overload` is what the overload manager is told.
 */
export type ResourceKind =
  | "listener"
  | "routeTable"
  | "cluster"
  | "discovery"
  | "sharedCount"
  | "tokenBucket"
  | "sharedValue"
  | "tlsContext"
  | "runtime"
  | "overload";

/** What every resource may depend on. A change of any of these compiles everything anew. */
export interface CompileFacts {
  /** `node.id`, from the configuration or the command line; empty if neither says. */
  readonly nodeId: string;
  /** `node.cluster`, likewise. */
  readonly nodeCluster: string;
  /** `node.locality.zone`, likewise. */
  readonly nodeZone: string;
  /** `node.metadata`; absent = none. */
  readonly nodeMetadata?: JsonObject;
  /** The cluster that this proxy itself belongs to (`cluster_manager.local_cluster_name`), and where it is in it; absent = none. */
  readonly localCluster?: {
    readonly name: string;
    readonly locality: { readonly region: string; readonly zone: string; readonly subZone: string };
  };
  /** `cluster_manager.upstream_bind_config`; absent = none. */
  readonly upstreamBind?: UpstreamBindData;
  /** The bootstrap's `typed_dns_resolver_config`; absent = none. */
  readonly dnsResolver?: CompiledExtension;
  /** Absolute path of the configuration file's folder (the working directory without a file); relative paths start here. */
  readonly directory: string;
  /** `static_resources.secrets` by name: binary `Secret` messages in base64. */
  readonly secrets: Readonly<Record<string, string>>;
}

/** One configured extension, ready to be packed and sent to the workers. */
export interface CompiledExtension {
  /** The `name` the configuration gives it; free text, but per-route configuration refers to it. */
  readonly name: string;
  /** Envoy's name of the extension (`envoy.filters.http.router`): the key of the worker's table of factories. */
  readonly extension: string;
  /** What the extension's `compile` returned. Plain and serialisable. */
  readonly data: unknown;
  /** True if nothing may follow it in its filter chain: `ExtensionConfig.terminal`. */
  readonly terminal?: boolean;
}

/** The settings of one HTTP filter for a virtual host, route or weighted cluster. */
export interface CompiledRouteExtension {
  /** Envoy's name of the extension; empty if the setting only says `disabled`. */
  readonly extension: string;
  /** The filter is left out (or, with false from a `FilterConfig`, not left out). */
  readonly disabled: boolean;
  /** What the extension's `compileRoute` returned; undefined if only `disabled` is said. */
  readonly data: unknown;
}

/** The shape of Envoy's `TypedExtensionConfig`, `HttpFilter`, `Filter`, `ListenerFilter`, `AccessLog`, …. */
export interface NamedTypedConfig {
  readonly name: string;
  readonly typedConfig?: Any | undefined;
}

/** A typed configuration and where it stands. */
export interface PlacedTypedConfig {
  readonly config: NamedTypedConfig;
  readonly place: Place;
}

/** What one item may require another for, where not all are fit for it: a cluster whose hosts an aggregate cluster uses. */
export type ResourceUse = "aggregate";

/**
 * What a compile function gets beside its message. One context serves one top-level item of the configuration (a
 * listener or a cluster), whose result must depend on nothing but the item itself and `facts`: unchanged items are
 * not compiled again. Errors are collected, never thrown; after an error a compile function goes on with any value, so that
 * all errors of a file are reported at once. Used on the compiler thread only.
 */
export interface CompileContext {
  readonly facts: CompileFacts;

  /** The listener or cluster this context serves: its kind and name. */
  readonly owner: { readonly kind: ResourceKind; readonly name: string };

  /** Reports that the setting at `place` is wrong: what is wrong, and (`hint`) what would be right. */
  error(place: Place, message: string, hint?: string): void;

  /**
   * Reports that the setting at `place` is fine for Envoy but not implemented. Compile functions need it only for
   * what a support table can't say, such as a combination of fields. A warning under `--allow-unsupported`.
   */
  unsupported(place: Place, message: string, hint?: string): void;

  /** Whether settings that are not implemented are left out with a warning (`--allow-unsupported`). */
  readonly allowsUnsupported: boolean;

  /** Reports something that works, but surely not as meant. */
  warning(place: Place, message: string, hint?: string): void;

  /** Says that the result depends on the content of a file: the item is compiled again each time, and not kept. */
  dependsOnFile(path: string): void;

  /**
   * Compiles a configured extension of this category. `place` is where `config` stands (`….http_filters[0]`); the
   * extension is called with the place of its `typed_config`. The type of `typed_config` decides which extension it is; without
   * one the name does. Undefined after an error (also one that `--allow-unsupported` turned into a warning).
   */
  extension(category: ExtensionCategory, config: NamedTypedConfig, place: Place): CompiledExtension | undefined;

  /**
   * Checks and compiles the first of several alternatives that is an extension Troupe has; the ones behind it are not looked at, the
   * ones before it only named in a warning. For fields whose support is `opaque`. Undefined after an error: if there is none.
   */
  firstExtension(category: ExtensionCategory, candidates: readonly PlacedTypedConfig[]): CompiledExtension | undefined;

  /** Compiles one value of `typed_per_filter_config`; a `FilterConfig` wrapper is taken off. Undefined after an error. */
  routeExtension(config: Any, place: Place): CompiledRouteExtension | undefined;

  /**
   * Adds a resource that is configured inside this one, such as an inline route table. Returns its name, unique among all
   * resources and stable while the owner's name, `name` and its order among equals stay: `<owner>/<name>`.
   */
  addResource(kind: ResourceKind, name: string, data: unknown): string;

  /**
   * Says that the setting at `place` names another resource, which must exist and must not refuse this `use`, if one is given. Checked when all items
   * are compiled.
   */
  requireResource(kind: ResourceKind, name: string, place: Place, use?: ResourceUse): void;

  /** Says that this item is not fit for a use; `reason` goes on behind its name. Others that require it for that use are in error. */
  refuseUse(use: ResourceUse, reason: string): void;
}
