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

/** Makes the picture of the listeners of a configuration dump and the clusters as they are. */
export function trafficModel(listeners: readonly unknown[], clusters: readonly ClusterState[]): TrafficModel {
  const builder = new ModelBuilder();
  for (const listener of listeners) builder.listener(object(listener));
  const used = builder.clusterNames();
  const byName = new Map(clusters.map((cluster) => [cluster.name, cluster]));
  for (const name of used) builder.cluster(name, byName.get(name));
  for (const cluster of clusters) if (!used.has(cluster.name)) builder.cluster(cluster.name, cluster);
  return builder.model();
}

/** The name under which statistics know something: `:` can't stand in them. */
function statName(name: string): string {
  return name.replaceAll(":", "_");
}

class ModelBuilder {
  readonly #nodes: TrafficNode[] = [];
  readonly #edges = new Map<string, { readonly from: string; readonly to: string }>();
  readonly #counts: Record<TrafficKind, number> = { listener: 0, chain: 0, route: 0, cluster: 0, host: 0 };
  readonly #clusters = new Set<string>();

  clusterNames(): ReadonlySet<string> {
    return this.#clusters;
  }

  model(): TrafficModel {
    const kept = new Set(this.#nodes.map(({ id }) => id));
    const over = (kind: TrafficKind): number => Math.max(this.#counts[kind] - MAX_PER_COLUMN, 0);
    return {
      nodes: this.#nodes,
      edges: [...this.#edges.values()].filter(({ from, to }) => kept.has(from) && kept.has(to)),
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
        const domains = list(host.domains).map(text).join(", ");
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
    const note = state === undefined ? "not in force" : `${healthy} of ${hosts.length} healthy`;
    const statKey = `cluster ${statName(state?.observability_name ?? name)}`;
    this.#add({ id, kind: "cluster", label: name, note, statKey, config: undefined, item: id });
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
        statKey: hostId,
        config: host,
        item: id,
      });
    }
  }

  #add(node: TrafficNode): void {
    if (this.#counts[node.kind]++ < MAX_PER_COLUMN) this.#nodes.push(node);
  }

  #edge(from: string, to: string): void {
    this.#edges.set(`${from}\n${to}`, { from, to });
  }
}

/** What is wrong with a host; empty if it is healthy. */
export function hostProblems({ health_status: health = {} }: ClusterHost): string[] {
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
