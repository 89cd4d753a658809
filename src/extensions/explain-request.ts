import type { ConnectionTraits } from "../listener/filter-chain/filter-chain-match.ts";
import { FilterChainTable } from "../listener/filter-chain/filter-chain-table.ts";
import type { FilterChainData, ListenerData } from "../listener/listener-data.ts";
import { formatAddress, ipOfAddress } from "../net/address.ts";
import type { DownstreamConnectionInfo } from "../net/downstream-connection-info.ts";
import type { TlsConnectionInfo } from "../net/tls-connection-info.ts";
import { type ExplainedListener, explainedListener, inspectsTls, portOf } from "./explain-listener.ts";
import type {
  ExplainRequest,
  ExplainSources,
  Explanation,
  FilterExplanation,
  HttpExplanation,
  TcpExplanation,
  UdpExplanation,
} from "./explanation.ts";
import type { NetworkFilterModule, UdpListenerFilterModule } from "./extension-module.ts";

/** What is explained from. */
export interface ExplainEnvironment extends ExplainSources {
  readonly listeners: readonly ExplainedListener[];
  readonly networkFilters: ReadonlyMap<string, Pick<NetworkFilterModule, "explain">>;
  readonly udpListenerFilters: ReadonlyMap<string, Pick<UdpListenerFilterModule, "explain">>;
}

/** Finds out the way of a request, with the tables that real requests go by. Throws with the reason if no listener fits. */
export function explainRequest(request: ExplainRequest, environment: ExplainEnvironment): Explanation {
  const listener = explainedListener(request, environment.listeners);
  const { data } = listener;
  if (data.udp !== null) return explainUdpListener(listener, data.udp, environment);
  const inspects = inspectsTls(data);
  const local = request.address === "" ? (listener.addresses[0] ?? "") : request.address;
  const traits = traitsOf(request, local, inspects);
  const table = new FilterChainTable<FilterChainData>();
  for (const chain of data.chains) table.add(chain.match, chain);
  const { steps } = table.explain(traits);
  const found = table.isConditional ? table.find(traits) : table.unconditional;
  const chain = found ?? data.defaultChain;
  const outcome = chain === null ? null : explainFilters(chain, request, local, environment);
  return {
    listener: { name: data.name, addresses: listener.addresses },
    inspectsTls: inspects,
    steps,
    filterChain:
      chain === null
        ? null
        : {
            name: chain.name,
            isDefault: found === null,
            transportSocket: chain.transportSocket?.extension ?? "",
            networkFilters: chain.filters.map(({ name }) => name),
          },
    outcome,
    verdict: verdict(chain, outcome),
  };
}

/** Nothing decides between filter chains there: the one filter takes all datagrams. */
function explainUdpListener(
  { data, addresses }: ExplainedListener,
  { filter }: NonNullable<ListenerData["udp"]>,
  environment: ExplainEnvironment,
): Explanation {
  const outcome = environment.udpListenerFilters.get(filter.extension)?.explain(filter.data, environment) ?? null;
  return {
    listener: { name: data.name, addresses },
    inspectsTls: false,
    steps: [],
    filterChain: { name: "", isDefault: false, transportSocket: "", networkFilters: [filter.name] },
    outcome,
    verdict: outcome === null ? `the filter ${filter.name} serves the datagrams itself` : udpVerdict(outcome),
  };
}

function traitsOf(request: ExplainRequest, local: string, inspectsTls: boolean): ConnectionTraits {
  const inspected = request.tls && inspectsTls;
  const sourceIp = ipOfAddress(request.source);
  return {
    destinationIp: ipOfAddress(local),
    destinationPort: portOf(local),
    serverName: inspected ? request.serverName : "",
    transportProtocol: inspected ? "tls" : "raw_buffer",
    applicationProtocols: inspected ? request.alpn : [],
    directSourceIp: sourceIp,
    sourceIp,
    sourcePort: portOf(request.source),
  };
}

/** The last filter of the chain that can tell. */
function explainFilters(
  chain: FilterChainData,
  request: ExplainRequest,
  local: string,
  environment: ExplainEnvironment,
): FilterExplanation | null {
  const connection = connectionInfo(chain, request, local, environment.clock.nowMs());
  for (const { extension, data } of [...chain.filters].reverse()) {
    const module = environment.networkFilters.get(extension);
    if (module?.explain !== undefined) return module.explain(data, { request, connection }, environment);
  }
  return null;
}

function connectionInfo(
  chain: FilterChainData,
  request: ExplainRequest,
  localAddress: string,
  nowMs: number,
): DownstreamConnectionInfo {
  const tls = request.tls && chain.transportSocket !== null ? tlsInfo(request) : null;
  return {
    connectionId: 0,
    remoteAddress: request.source,
    directRemoteAddress: request.source,
    localAddress,
    directLocalAddress: localAddress,
    requestedServerName: tls === null ? "" : request.serverName,
    filterChainName: chain.name,
    isTls: tls !== null,
    tls,
    alpnProtocol: tls?.alpnProtocol ?? "",
    acceptedAtMs: nowMs,
  };
}

function tlsInfo({ serverName, alpn }: ExplainRequest): TlsConnectionInfo {
  return {
    version: "",
    cipher: "",
    sessionId: "",
    serverName,
    alpnProtocol: alpn[0] ?? "",
    sessionReused: false,
    peer: null,
    peerValidated: false,
    peerChain: [],
    local: null,
  };
}

function verdict(chain: FilterChainData | null, outcome: FilterExplanation | null): string {
  if (chain === null) return "no filter chain takes the connection: it is closed";
  if (chain.filters.length === 0) return "the filter chain has no filters: the connection is closed";
  if (outcome === null)
    return `the filters ${chain.filters.map(({ name }) => name).join(", ")} serve the connection themselves`;
  switch (outcome.kind) {
    case "http":
      return httpVerdict(outcome);
    case "tcp":
      return tcpVerdict(outcome);
    case "udp":
      return udpVerdict(outcome);
  }
}

function httpVerdict({ answer, route, cluster }: HttpExplanation): string {
  if (answer !== null) return `the proxy answers ${answer.status} itself${flagText(answer)}: ${answer.details}`;
  if (route?.action === "redirect") return `the proxy answers ${route.status} with location ${route.location}`;
  if (route?.action === "directResponse") return `the proxy answers ${route.status} with the text of the route`;
  return cluster === null ? "the request goes nowhere" : `the request goes to ${hostsText(cluster)}`;
}

function tcpVerdict({ answer, cluster }: TcpExplanation): string {
  if (answer !== null) return `the connection is closed${flagText(answer)}: ${answer.details}`;
  return cluster === null ? "the connection goes nowhere" : `the connection goes to ${hostsText(cluster)}`;
}

function udpVerdict({ answer, cluster }: UdpExplanation): string {
  if (answer !== null) return `the datagrams are dropped: ${answer.details}`;
  return cluster === null ? "the datagrams go nowhere" : `the datagrams go to ${hostsText(cluster)}`;
}

function flagText({ flag }: { readonly flag: string }): string {
  return flag === "" ? "" : ` (${flag})`;
}

function hostsText(cluster: NonNullable<HttpExplanation["cluster"]>): string {
  const { name, subset, panics } = cluster;
  if (cluster.hostCount === 0) return `cluster ${name}, whose hosts are not known beforehand`;
  const { hostCount, healthy } = subset ?? cluster;
  const where = subset === null ? "hosts" : `hosts in the subset${subset.asked === "" ? "" : ` ${subset.asked}`}`;
  if (!panics) return `cluster ${name}: ${healthy} of ${hostCount} ${where} are healthy`;
  return `cluster ${name}: none of ${hostCount} ${where} is healthy, so they are all asked (panic)`;
}

/** The addresses of a listener that is not bound. */
export function configuredAddresses({ addresses }: ListenerData): string[] {
  return addresses.map(({ address }) => formatAddress(address));
}
