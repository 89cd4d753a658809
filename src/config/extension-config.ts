import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import type { CompileContext } from "./compile-context.ts";
import type { ExtensionCategory } from "./extension-category.ts";
import type { MessageSupport } from "./field-support.ts";
import type { Place } from "./place.ts";

/**
 * The main-side half of an extension: turns its typed message into plain, immutable, serialisable data (what msgpackr
 * packs: no functions, no classes; `undefined` and bigint are fine), from which the worker-side half builds itself. Lives in
 * `src/extensions/<category>/<name>/config.ts`. Runs on the compiler thread.
 */
export interface ExtensionConfig<
  Schema extends DescMessage = DescMessage,
  RouteSchema extends DescMessage = DescMessage,
> {
  /** Envoy's name, such as `envoy.filters.http.router`. */
  readonly name: string;
  /** The categories it can stand in; most have one. */
  readonly categories: readonly ExtensionCategory[];
  /** The type of its `typed_config`. Also its default, if the configuration has no `typed_config`. */
  readonly schema: Schema;
  /** The type of its per-route configuration, if it has one. */
  readonly routeSchema?: RouteSchema;
  /** Which fields of `schema`, `routeSchema` and the messages below them are implemented. */
  readonly support: readonly MessageSupport[];
  /** True if nothing may follow it in its filter chain (router, tcp_proxy, HCM). Whoever compiles the chain checks it. */
  readonly terminal?: boolean;
  /** True if it does not work without a `typed_config`. */
  readonly configRequired?: boolean;
  /** `message` has passed the protos' own rules and the support tables. `place` is that of the `typed_config`. */
  compile(message: MessageShape<Schema>, place: Place, context: CompileContext): unknown;
  /** Compiles the per-route configuration; there must be one if there is a `routeSchema`. */
  compileRoute?(message: MessageShape<RouteSchema>, place: Place, context: CompileContext): unknown;
}

/** Gives a typed extension the general type that the extension table holds. */
export function extensionConfig<Schema extends DescMessage, RouteSchema extends DescMessage = DescMessage>(
  config: ExtensionConfig<Schema, RouteSchema>,
): ExtensionConfig {
  return config;
}
