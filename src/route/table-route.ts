import type { RequestHeaderMap, ResponseHeaderMap } from "../http/header-map.ts";
import type { StreamInfo } from "../http/stream-info.ts";
import { ClusterForward } from "./cluster-forward.ts";
import { applyMutations } from "./header-mutations.ts";
import type { Route, RouteAction, VirtualHost } from "./route.ts";
import type { RouteLevel } from "./route-level.ts";
import type { MetadataData } from "./route-table-data.ts";
import type { RouteTracingData } from "./route-tracing.ts";

/** What of a route does not depend on its cluster; shared by the routes of weighted clusters. */
export type RouteFacts = Pick<
  Route,
  | "name"
  | "statPrefix"
  | "metadata"
  | "decoratorOperation"
  | "decoratorPropagate"
  | "tracing"
  | "requestBufferLimitBytes"
>;

/** A route of a `RouteTable`. */
export class TableRoute implements Route {
  readonly name: string;
  readonly statPrefix: string;
  readonly virtualHost: VirtualHost;
  readonly metadata: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
  readonly action: RouteAction;
  readonly decoratorOperation: string;
  readonly decoratorPropagate: boolean;
  readonly tracing: RouteTracingData | null;
  readonly requestBufferLimitBytes: number | undefined;
  readonly #level: RouteLevel;

  /** `level` is the most specific one: the weighted cluster's or the route's. */
  constructor(facts: RouteFacts, virtualHost: VirtualHost, level: RouteLevel, action: RouteAction) {
    this.name = facts.name;
    this.statPrefix = facts.statPrefix;
    this.virtualHost = virtualHost;
    this.metadata = facts.metadata;
    this.action = action;
    this.decoratorOperation = facts.decoratorOperation;
    this.decoratorPropagate = facts.decoratorPropagate;
    this.tracing = facts.tracing;
    this.requestBufferLimitBytes = facts.requestBufferLimitBytes;
    this.#level = level;
  }

  perFilterConfig(filterName: string): unknown {
    return this.#level.perFilterConfigs.mostSpecific(filterName);
  }

  perFilterConfigs(filterName: string): readonly unknown[] {
    return this.#level.perFilterConfigs.all(filterName);
  }

  filterDisabled(filterName: string): boolean | undefined {
    return this.#level.perFilterConfigs.disabled(filterName);
  }

  finalizeRequestHeaders(headers: RequestHeaderMap, streamInfo: StreamInfo, keepOriginal = true): void {
    applyMutations(this.#level.requestHeaders, headers, headers, null, streamInfo);
    if (this.action instanceof ClusterForward) this.action.rewriteRequest(headers, keepOriginal);
  }

  finalizeResponseHeaders(
    headers: ResponseHeaderMap,
    requestHeaders: RequestHeaderMap | null,
    streamInfo: StreamInfo,
  ): void {
    applyMutations(this.#level.responseHeaders, headers, requestHeaders, headers, streamInfo);
  }
}

const NO_METADATA: ReadonlyMap<string, Readonly<Record<string, unknown>>> = new Map();

/** Metadata as the routes show it. */
export function createMetadata(data: MetadataData): ReadonlyMap<string, Readonly<Record<string, unknown>>> {
  return data.length === 0 ? NO_METADATA : new Map(data);
}
