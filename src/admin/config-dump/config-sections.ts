import type { ConfigResources, ConfigSection } from "../config-view.ts";
import type { Json, JsonObject } from "../json-value.ts";
import type { PackedEndpoints } from "./cluster-endpoints.ts";
import { endpointsSection } from "./endpoints-section.ts";

/** The configuration in force as `/config_dump` needs it. */
export interface DumpedConfig {
  /** The bootstrap as proto JSON with the protos' field names (snake case). */
  readonly bootstrap: JsonObject;
  readonly version: number;
  /** Milliseconds since the epoch at which it came in force. */
  readonly inForceSinceMs: number;
  /** When each cluster last changed, in milliseconds since the epoch; the others, with the configuration. */
  readonly clusterUpdateTimes: ReadonlyMap<string, number>;
  /** The endpoints in force, if they are asked for. */
  readonly endpoints: PackedEndpoints | undefined;
}

/** A repeated field of a section whose elements wrap one resource each. */
interface StaticKind {
  /** Message of the section, and of its elements, within `envoy.admin.v3`. */
  readonly section: string;
  readonly element: string;
  readonly field: string;
  /** The element's field that holds the resource, and the resource's message. */
  readonly wrapper: string;
  readonly type: string;
  readonly find: (bootstrap: JsonObject) => JsonObject[];
}

const KINDS: readonly StaticKind[] = [
  {
    section: "ClustersConfigDump",
    element: "StaticCluster",
    field: "static_clusters",
    wrapper: "cluster",
    type: "envoy.config.cluster.v3.Cluster",
    find: (bootstrap) => staticResources(bootstrap, "clusters"),
  },
  {
    section: "ListenersConfigDump",
    element: "StaticListener",
    field: "static_listeners",
    wrapper: "listener",
    type: "envoy.config.listener.v3.Listener",
    find: (bootstrap) => staticResources(bootstrap, "listeners"),
  },
  {
    section: "RoutesConfigDump",
    element: "StaticRouteConfig",
    field: "static_route_configs",
    wrapper: "route_config",
    type: "envoy.config.route.v3.RouteConfiguration",
    find: (bootstrap) => staticResources(bootstrap, "listeners").flatMap(inlineRouteConfigs),
  },
  {
    section: "SecretsConfigDump",
    element: "StaticSecret",
    field: "static_secrets",
    wrapper: "secret",
    type: "envoy.extensions.transport_sockets.tls.v3.Secret",
    find: (bootstrap) => staticResources(bootstrap, "secrets"),
  },
];

/** The sections whose version is the snapshot's. */
const VERSIONED: ReadonlySet<string> = new Set(["ClustersConfigDump", "ListenersConfigDump"]);

/** The sections of a configuration without discovery: all that is in a bootstrap is static. Secrets are still in. */
export function configSections(config: DumpedConfig): ConfigSection[] {
  const lastUpdated = new Date(config.inForceSinceMs).toISOString();
  const updateTimes = { lastUpdated, clusters: config.clusterUpdateTimes };
  const sections = KINDS.map(
    (kind): ConfigSection => ({
      type: `envoy.admin.v3.${kind.section}`,
      fields: VERSIONED.has(kind.section) ? { version_info: String(config.version) } : {},
      resources: [resourcesOf(kind, config.bootstrap, updateTimes)],
    }),
  );
  const endpoints = config.endpoints === undefined ? undefined : endpointsSection(config.endpoints);
  // Envoy has them by name: the endpoints come after the clusters.
  if (endpoints !== undefined) sections.splice(1, 0, endpoints);
  return [
    {
      type: "envoy.admin.v3.BootstrapConfigDump",
      fields: { bootstrap: config.bootstrap, last_updated: lastUpdated },
      resources: [],
    },
    ...sections,
  ];
}

interface UpdateTimes {
  readonly lastUpdated: string;
  readonly clusters: ReadonlyMap<string, number>;
}

function resourcesOf(kind: StaticKind, bootstrap: JsonObject, { lastUpdated, clusters }: UpdateTimes): ConfigResources {
  const { section, element, field, wrapper, type } = kind;
  return {
    field,
    type: `envoy.admin.v3.${section}.${element}`,
    elements: kind.find(bootstrap).map((item) => {
      const name = nameOf(item);
      const ownMs = wrapper === "cluster" ? clusters.get(name) : undefined;
      const last_updated = ownMs === undefined ? lastUpdated : new Date(ownMs).toISOString();
      const json = { [wrapper]: { "@type": `type.googleapis.com/${type}`, ...item }, last_updated };
      return { name, json: wrapper === "secret" ? { name, ...json } : json };
    }),
  };
}

function staticResources(bootstrap: JsonObject, field: string): JsonObject[] {
  return objectsOf(asObject(bootstrap.static_resources)[field]);
}

function nameOf(item: JsonObject): string {
  return typeof item.name === "string" ? item.name : "";
}

/** The route tables that stand in the listener's connection managers. */
function inlineRouteConfigs(listener: JsonObject): JsonObject[] {
  const chains = [...objectsOf(listener.filter_chains), ...objectsOf([listener.default_filter_chain ?? null])];
  return chains
    .flatMap((chain) => objectsOf(chain.filters))
    .flatMap((filter) => objectsOf([asObject(filter.typed_config).route_config ?? null]));
}

function asObject(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {};
}

function objectsOf(value: Json | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
