/** The columns of the picture, from the left. */
export const COLUMNS = ["listener", "chain", "route", "cluster", "host"] as const;
export type TrafficKind = (typeof COLUMNS)[number];

/** A part of the picture. */
export interface TrafficNode {
  /** Its kind and name, unique in the picture. */
  readonly id: string;
  readonly kind: TrafficKind;
  readonly label: string;
  /** Its second line. */
  readonly note: string;
  /** Whether it can't do its work, or not all of it. */
  readonly unwell: boolean;
  /** Which statistics are its own, as `partKey` names them; `""` if there are none. */
  readonly statKey: string;
  /** Its configuration. */
  readonly config: unknown;
  /** The listener or cluster of the file that it stands in, for its line. */
  readonly item: string;
}

/** The picture: parts, and which leads to which. */
export interface TrafficModel {
  readonly nodes: readonly TrafficNode[];
  readonly edges: readonly { readonly from: string; readonly to: string }[];
  /**
   * Routes have no statistics of their own, but when a route leads to one cluster only, and nothing else leads there, its requests are those of
   * the cluster. By the route's id, among all parts.
   */
  readonly onlyWays: ReadonlyMap<string, string>;
  /** Parts that there is no room for, by column. */
  readonly leftOut: Readonly<Record<TrafficKind, number>>;
}

/** A host as `/clusters?format=json` tells it. */
export interface ClusterHost {
  readonly address: {
    readonly socket_address?: { readonly address: string; readonly port_value?: number };
    readonly pipe?: { readonly path: string };
  };
  readonly health_status?: Readonly<Record<string, unknown>>;
  readonly stats?: readonly { readonly name: string; readonly value?: string }[];
  readonly hostname?: string;
}

/** A cluster as `/clusters?format=json` tells it. */
export interface ClusterState {
  readonly name: string;
  readonly observability_name?: string;
  readonly host_statuses?: readonly ClusterHost[];
}

/** So many parts of one kind are drawn. */
const MAX_PER_COLUMN = 60;

type Json = Readonly<Record<string, unknown>>;

/**
 * Makes the picture of the listeners of a configuration dump and the clusters as they are. With `filter`, of the parts that have this text in
 * them, and those that lead there or are led to.
 */
export function trafficModel(
  listeners: readonly unknown[],
  clusters: readonly ClusterState[],
  filter = "",
): TrafficModel {
  const builder = new ModelBuilder();
  for (const listener of listeners) builder.listener(object(listener));
  const used = builder.clusterNames();
  const byName = new Map(clusters.map((cluster) => [cluster.name, cluster]));
  for (const name of used) builder.cluster(name, byName.get(name));
  for (const cluster of clusters) if (!used.has(cluster.name)) builder.cluster(cluster.name, cluster);
  return builder.model(filter.toLowerCase());
}

/** The parts of the picture that lead to one of these or that one of these leads to, and themselves. */
export function connectedParts(edges: TrafficModel["edges"], ids: Iterable<string>): Set<string> {
  const start = [...ids];
  const found = new Set(start);
  for (const [near, far] of [
    ["from", "to"],
    ["to", "from"],
  ] as const) {
    const next = new Map<string, string[]>();
    for (const edge of edges) next.set(edge[near], [...(next.get(edge[near]) ?? []), edge[far]]);
    const seen = new Set(start);
    for (let queue = start; queue.length > 0; ) {
      queue = queue.flatMap((id) => next.get(id) ?? []).filter((id) => !seen.has(id) && seen.add(id));
    }
    for (const id of seen) found.add(id);
  }
  return found;
}

/** The name under which statistics know something: `:` can't stand in them. */
function statName(name: string): string {
  return name.replaceAll(":", "_");
}

class ModelBuilder {
  readonly #nodes: TrafficNode[] = [];
  readonly #edges = new Map<string, { readonly from: string; readonly to: string }>();
  readonly #clusters = new Set<string>();

  clusterNames(): ReadonlySet<string> {
    return this.#clusters;
  }

  model(filter: string): TrafficModel {
    const edges = [...this.#edges.values()];
    const matching = this.#nodes.filter(({ label, note }) => `${label} ${note}`.toLowerCase().includes(filter));
    const wanted =
      filter === ""
        ? null
        : connectedParts(
            edges,
            matching.map(({ id }) => id),
          );
    const counts: Record<TrafficKind, number> = { listener: 0, chain: 0, route: 0, cluster: 0, host: 0 };
    const nodes = this.#nodes.filter(
      ({ id, kind }) => (wanted === null || wanted.has(id)) && counts[kind]++ < MAX_PER_COLUMN,
    );
    const kept = new Set(nodes.map(({ id }) => id));
    const over = (kind: TrafficKind): number => Math.max(counts[kind] - MAX_PER_COLUMN, 0);
    return {
      nodes,
      onlyWays: onlyWays(this.#nodes, edges),
      edges: edges.filter(({ from, to }) => kept.has(from) && kept.has(to)),
      leftOut: {
        listener: over("listener"),
        chain: over("chain"),
        route: over("route"),
        cluster: over("cluster"),
        host: over("host"),
      },
    };
  }

  listener(config: Json): void {
    const address = addressText(object(config.address));
    const name = text(config.name) || address;
    const id = `listener ${name}`;
    const stats = `listener ${statName(text(config.stat_prefix) || address)}`;
    this.#add({ id, kind: "listener", label: name, note: address, statKey: stats, config, item: id });
    const chains = list(config.filter_chains).map(object);
    const fallback = config.default_filter_chain === undefined ? [] : [object(config.default_filter_chain)];
    for (const [index, chain] of [...chains, ...fallback].entries()) {
      const chainId = `chain ${name} ${index}`;
      this.#edge(id, chainId);
      this.#chain(chainId, chain, index >= chains.length, id);
    }
  }

  #chain(id: string, chain: Json, isDefault: boolean, item: string): void {
    const filters = list(chain.filters).map(object);
    const last = object(filters.at(-1)?.typed_config);
    const type = text(last["@type"]).split(".").at(-1) ?? "";
    const isHttp = type === "HttpConnectionManager";
    const prefix = text(last.stat_prefix);
    const label =
      text(chain.name) ||
      matchText(object(chain.filter_chain_match)) ||
      (isDefault ? "default chain" : "any connection");
    const statKey = prefix === "" ? "" : `${isHttp ? "http" : "tcp"} ${statName(prefix)}`;
    this.#add({
      id,
      kind: "chain",
      label,
      note: `${isHttp ? "HTTP" : type}${prefix === "" ? "" : ` ${prefix}`}`,
      statKey,
      config: chain,
      item,
    });
    if (isHttp) this.#routes(id, object(last.route_config), item);
    else for (const cluster of targets(last)) this.#toCluster(id, cluster);
  }

  #routes(chainId: string, table: Json, item: string): void {
    for (const [hostIndex, host] of list(table.virtual_hosts).map(object).entries()) {
      for (const [index, route] of list(host.routes).map(object).entries()) {
        const id = `route ${chainId} ${hostIndex}.${index}`;
        const domains = list(host.domains).map(text).join(", ").replace(/^\*$/, "any host");
        this.#edge(chainId, id);
        this.#add({
          id,
          kind: "route",
          label: text(route.name) || routeMatch(object(route.match)),
          note: `${domains} ${actionText(route)}`.trim(),
          statKey: "",
          config: route,
          item,
        });
        for (const cluster of targets(object(route.route))) this.#toCluster(id, cluster);
      }
    }
  }

  #toCluster(from: string, cluster: string): void {
    this.#clusters.add(cluster);
    this.#edge(from, `cluster ${cluster}`);
  }

  cluster(name: string, state: ClusterState | undefined): void {
    const id = `cluster ${name}`;
    const hosts = state?.host_statuses ?? [];
    const healthy = hosts.filter((host) => hostProblems(host).length === 0).length;
    const unwell = hosts.length === 0 || healthy < hosts.length;
    const note =
      hosts.length === 0
        ? state === undefined
          ? "does not exist"
          : "has no hosts"
        : `${healthy} of ${hosts.length} healthy`;
    const statKey = `cluster ${statName(state?.observability_name ?? name)}`;
    this.#add({ id, kind: "cluster", label: name, note, unwell, statKey, config: undefined, item: id });
    for (const host of hosts) {
      const address = addressText(host.address);
      const hostId = `host ${name} ${address}`;
      this.#edge(id, hostId);
      const problems = hostProblems(host);
      this.#add({
        id: hostId,
        kind: "host",
        label: address,
        note: problems.join(", ") || "healthy",
        unwell: problems.length > 0,
        statKey: hostId,
        config: host,
        item: id,
      });
    }
  }

  #add(node: Omit<TrafficNode, "unwell"> & { readonly unwell?: boolean }): void {
    this.#nodes.push({ unwell: false, ...node });
  }

  #edge(from: string, to: string): void {
    this.#edges.set(`${from}\n${to}`, { from, to });
  }
}

function onlyWays(nodes: readonly TrafficNode[], edges: TrafficModel["edges"]): ReadonlyMap<string, string> {
  const count = (end: "from" | "to"): ReadonlyMap<string, number> => {
    const counts = new Map<string, number>();
    for (const edge of edges) counts.set(edge[end], (counts.get(edge[end]) ?? 0) + 1);
    return counts;
  };
  const [leaving, coming] = [count("from"), count("to")];
  const routes = new Set(nodes.filter(({ kind }) => kind === "route").map(({ id }) => id));
  const alone = edges.filter(({ from, to }) => routes.has(from) && leaving.get(from) === 1 && coming.get(to) === 1);
  return new Map(alone.map(({ from, to }) => [from, to]));
}

/** What is wrong with a host; empty if it is healthy. */
function hostProblems({ health_status: health = {} }: ClusterHost): string[] {
  const flags = Object.entries(health).filter(([name, value]) => value === true && name !== "pending_active_hc");
  const eds = text(health.eds_health_status);
  return [
    ...flags.map(([name]) => name.replaceAll("_", " ")),
    ...(eds === "" || eds === "HEALTHY" ? [] : [`EDS: ${eds}`]),
  ];
}

function targets(action: Json): string[] {
  const weighted = list(object(action.weighted_clusters).clusters).map((each) => text(object(each).name));
  return [text(action.cluster), ...weighted].filter((name) => name !== "");
}

function actionText(route: Json): string {
  if (route.redirect !== undefined) return "redirect";
  if (route.direct_response !== undefined) return `answers ${object(route.direct_response).status}`;
  return text(object(route.route).cluster_header) === ""
    ? ""
    : `cluster by header ${object(route.route).cluster_header}`;
}

function routeMatch(match: Json): string {
  for (const [name, value] of Object.entries(match)) {
    if (name === "safe_regex") return `regex ${text(object(value).regex)}`;
    if (typeof value === "string" && ["prefix", "path", "path_separated_prefix"].includes(name)) {
      return name === "path" ? `= ${value}` : `${value}${name === "prefix" ? "…" : "/…"}`;
    }
  }
  return Object.keys(match).join(", ") || "any";
}

function matchText(match: Json): string {
  return Object.entries(match)
    .map(([name, value]) => `${name.replaceAll("_", " ")} ${typeof value === "object" ? JSON.stringify(value) : value}`)
    .join("; ");
}

function addressText(address: Json): string {
  const socket = object(address.socket_address);
  if (socket.address !== undefined) {
    const host = text(socket.address);
    return `${host.includes(":") ? `[${host}]` : host}:${socket.port_value ?? 0}`;
  }
  return text(object(address.pipe).path);
}

function object(value: unknown): Json {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
