import type { OverloadData } from "../../src/config/bootstrap/overload-data.ts";
import type { TlsContextData } from "../../src/extensions/transport_sockets/tls/tls-context-data.ts";
import type { ListenerData } from "../../src/listener/listener-data.ts";
import type { RouteTableData } from "../../src/route/route-table-data.ts";
import type { RuntimeLayerData } from "../../src/runtime/runtime-entry.ts";
import type { ClusterData } from "../../src/upstream/cluster-data.ts";
import type { ResourceName } from "./protocol.ts";
import type { WorkerResource } from "./runtime.ts";

/** The kinds of resource that a worker knows, with the type of their data. */
export interface ResourceData {
  readonly listener: ListenerData;
  readonly routeTable: RouteTableData;
  readonly cluster: ClusterData;
  readonly sharedCount: null;
  readonly tokenBucket: null;
  readonly sharedValue: null;
  readonly tlsContext: TlsContextData;
  readonly runtime: readonly RuntimeLayerData[];
  readonly overload: OverloadData;
}

/** The kinds of resources that a worker builds something from; others are refused. */
export type KnownKind = keyof ResourceData;

/** A resource whose kind is known. The main side made the data with the compiler of that kind. */
export interface KnownResource<Kind extends KnownKind> {
  readonly name: string;
  readonly hash: string;
  readonly data: ResourceData[Kind];
}

/** The resources of one kind, in their order. */
export function resourcesOf<Kind extends KnownKind>(
  kind: Kind,
  resources: readonly WorkerResource[],
): KnownResource<Kind>[] {
  const found: KnownResource<Kind>[] = [];
  for (const resource of resources) if (resource.kind === kind) found.push(resource as KnownResource<Kind>);
  return found;
}

/** The first kind that no worker knows; undefined if there is none. */
export function unknownKind(resources: readonly WorkerResource[]): string | undefined {
  const known: readonly string[] = [
    "listener",
    "routeTable",
    "cluster",
    "sharedCount",
    "tokenBucket",
    "sharedValue",
    "tlsContext",
    "runtime",
    "overload",
  ] satisfies KnownKind[];
  return resources.find((resource) => !known.includes(resource.kind))?.kind;
}

/** The names of the resources of one kind. */
export function namesOf(kind: KnownKind, resources: readonly ResourceName[]): string[] {
  return resources.filter((resource) => resource.kind === kind).map((resource) => resource.name);
}
