import { internHeaderName, RequestHeaderMap } from "../../../http/header-map.ts";
import { StreamInfo } from "../../../http/stream-info.ts";
import { createIpSet } from "../../../match/ip-prefix-table.ts";
import { HeaderMutations } from "../../../route/header-mutations.ts";
import type { ForwardAction, Route } from "../../../route/route.ts";
import type { ClusterExplanation } from "../../../upstream/cluster-explanation.ts";
import type { ExplainedRoute, ExplainSources, FilterQuestion, HttpExplanation, OwnAnswer } from "../../explanation.ts";
import type { HcmData } from "./hcm-data.ts";
import { takeHopByHopHeaders } from "./hop-by-hop.ts";
import { checkRequestTarget } from "./request-checks.ts";
import { mutateRequestHeaders } from "./request-headers.ts";

const UNCOUNTED = { inc() {}, add() {} };
/** Explaining is no traffic. */
const NO_STATS = {
  rqNonRelativePath: UNCOUNTED,
  rqFailedPathNormalization: UNCOUNTED,
  rqRedirectedWithNormalizedPath: UNCOUNTED,
  rqRejectedViaIpDetection: UNCOUNTED,
};
const NOTHING_FOUND = {
  host: "",
  virtualHost: null,
  virtualHostCount: 0,
  requiresTls: false,
  tried: [],
  routeCount: 0,
  route: null,
  cluster: null,
};

/**
 * What the connection manager would do with a request up to the choice of a host: the same checks, header treatment and route table as
 * for real ones. What HTTP filters would do to it is left out.
 */
export function explainHttp(
  data: HcmData,
  { request, connection }: FilterQuestion,
  sources: ExplainSources,
): HttpExplanation {
  const headers = requestHeaders(request);
  takeHopByHopHeaders(headers);
  const info = new StreamInfo(connection, "HTTP/1.1", sources.clock.nowMs(), sources.clock.wallMs());
  const internalRanges = createIpSet(data.internalCidrRanges);
  const { random, clock } = sources;
  const format = { hostname: "", environment: new Map<string, string>(), clock, random };
  const earlyMutations = data.earlyMutations.map((mutation) => new HeaderMutations(mutation, format));
  const treatment = { data, random, internalRanges, earlyMutations, stats: NO_STATS };
  const table = sources.routeTable(data.routeTable);
  const refusal =
    checkRequestTarget(headers, data, NO_STATS, connection.localAddress) ??
    mutateRequestHeaders(headers, info, treatment, table?.internalOnlyHeaders ?? []);
  const filters = data.httpFilters.map(({ filter, disabled }) => ({ name: filter.name, disabled }));
  const facts = { kind: "http" as const, routeConfig: data.routeTable, httpFilters: filters };
  if (refusal !== null) {
    const answer = { status: refusal.status, flag: "", details: refusal.details };
    return { ...facts, ...NOTHING_FOUND, ...targetOf(headers), internal: false, answer };
  }
  const internal = headers.has("x-envoy-internal");
  const target = targetOf(headers);
  if (table === null) {
    const answer = { status: 404, flag: "NR", details: `there is no route configuration ${data.routeTable}` };
    return { ...facts, ...NOTHING_FOUND, ...target, internal, answer };
  }
  const { route, ...found } = table.explain(headers, request.random);
  const clusterName = route?.action.type === "forward" ? route.action.clusterName(headers) : "";
  const metadataMatch = route?.action.type === "forward" ? route.action.metadataMatch : null;
  const cluster = clusterName === "" ? null : sources.cluster(clusterName, metadataMatch);
  return {
    ...facts,
    ...found,
    ...target,
    internal,
    httpFilters: filters.map(({ name, disabled }) => ({ name, disabled: route?.filterDisabled(name) ?? disabled })),
    route: route === null ? null : explainedRoute(route, headers, clusterName),
    cluster,
    answer: answerOf(route, found.virtualHost, found.host, clusterName, cluster),
  };
}

function requestHeaders({ method, authority, path, headers }: FilterQuestion["request"]): RequestHeaderMap {
  const map = new RequestHeaderMap();
  map.method = method;
  map.authority = authority;
  map.path = path;
  for (const [name, value] of headers) map.add(internHeaderName(name), value);
  return map;
}

function targetOf({ authority, path }: RequestHeaderMap): { readonly authority: string; readonly path: string } {
  return { authority, path };
}

/** Null if the request goes to a host, or the route says itself what is answered. */
function answerOf(
  route: Route | null,
  virtualHost: HttpExplanation["virtualHost"],
  host: string,
  clusterName: string,
  cluster: ClusterExplanation | null,
): OwnAnswer | null {
  if (virtualHost === null) return { status: 404, flag: "NR", details: `no virtual host has the domain "${host}"` };
  if (route === null)
    return { status: 404, flag: "NR", details: `no route of virtual host ${virtualHost.name} matches` };
  if (route.action.type === "nonForwarding") {
    return { status: 404, flag: "NR", details: "the route does not forward, and no filter is known to answer" };
  }
  if (route.action.type !== "forward") return null;
  if (cluster === null) {
    const details =
      clusterName === "" ? "the header that names the cluster is missing" : `there is no cluster ${clusterName}`;
    return { status: route.action.settings.clusterNotFoundStatus, flag: "NC", details };
  }
  if (cluster.whyNone === "") return null;
  return { status: 503, flag: "UH", details: `cluster ${clusterName} ${cluster.whyNone}` };
}

function explainedRoute(route: Route, headers: RequestHeaderMap, cluster: string): ExplainedRoute {
  const { action, name } = route;
  const facts = { name, action: action.type, cluster, ...NO_POLICY };
  switch (action.type) {
    case "forward":
      return { ...facts, ...policyOf(action) };
    case "redirect":
      return { ...facts, status: action.status, location: action.location(headers) };
    case "directResponse":
      return { ...facts, status: action.status };
    case "nonForwarding":
      return facts;
  }
}

const NO_POLICY = {
  location: "",
  status: 0,
  timeoutMs: null,
  idleTimeoutMs: null,
  retryOn: [],
  retries: 0,
  perTryTimeoutMs: 0,
  priority: "default",
  hashes: false,
  autoHostRewrite: false,
  metadataMatch: null,
};

function policyOf(action: ForwardAction): Omit<ExplainedRoute, "name" | "action" | "cluster"> {
  const { retryPolicy, timeoutMs, priority } = action.settings;
  return {
    ...NO_POLICY,
    timeoutMs,
    idleTimeoutMs: action.idleTimeoutMs ?? null,
    retryOn: retryPolicy?.retryOn ?? [],
    retries: retryPolicy?.numRetries ?? 0,
    perTryTimeoutMs: retryPolicy?.perTryTimeoutMs ?? 0,
    priority,
    hashes: action.hashPolicy !== null,
    autoHostRewrite: action.autoHostRewrite,
    metadataMatch: action.metadataMatch,
  };
}
