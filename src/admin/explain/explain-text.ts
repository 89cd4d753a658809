import type { Explanation, HttpExplanation } from "../../extensions/explanation.ts";
import type { ClusterExplanation } from "../../upstream/cluster-explanation.ts";
import { printable } from "../printable.ts";
import { humanDuration, textTable } from "../text-table.ts";
import type { ExplainedBy } from "./explain-view.ts";

/** An explanation for people: each decision in a line, the hosts as a table, the outcome first. */
export function explanationText(explanation: Explanation, { version, worker }: ExplainedBy): string {
  const by = version === null ? "on the proposed configuration" : `on version ${version}, as ${worker} has it`;
  const lines = [explanation.verdict, "", by, ...connectionLines(explanation)];
  const { outcome } = explanation;
  if (outcome?.kind === "http") lines.push(...httpLines(outcome));
  if (outcome?.kind === "tcp") {
    lines.push(
      `tcp_proxy to ${outcome.clusters.map(({ name, share }) => `${name} (${share.toFixed(1)}%)`).join(", ")}`,
    );
  }
  if (outcome?.kind === "udp") lines.push(`udp_proxy to ${outcome.cluster?.name ?? "nothing"}`);
  const cluster = outcome?.cluster ?? null;
  return `${lines.map(printable).join("\n")}\n${cluster === null ? "" : `\n${hostsText(cluster)}`}`;
}

function connectionLines({ listener, inspectsTls, steps, filterChain }: Explanation): string[] {
  const lines = [`listener ${listener.name} (${listener.addresses.join(", ")})`];
  if (!inspectsTls && steps.some(({ criterion }) => NEEDS_INSPECTION.has(criterion))) {
    lines.push("  it has no tls_inspector: server name and ALPN are not looked at");
  }
  for (const { criterion, value, asked, took } of steps) {
    const outcome = took === null ? "no chain fits" : took === "any" ? "chains that don't ask for it" : took;
    lines.push(
      `  ${criterion} ${value === "" ? "(none)" : value}: ${outcome}; asked for: ${asked.join(", ") || "nothing"}`,
    );
  }
  if (filterChain === null) return [...lines, "no filter chain"];
  const { name, isDefault, transportSocket, networkFilters } = filterChain;
  const socket = transportSocket === "" ? "" : `, ${transportSocket}`;
  const kind = isDefault ? "default filter chain" : "filter chain";
  return [...lines, `${kind} ${name === "" ? "(no name)" : name}${socket}: ${networkFilters.join(" > ")}`];
}

const NEEDS_INSPECTION: ReadonlySet<string> = new Set(["server_names", "transport_protocol", "application_protocols"]);

function httpLines(http: HttpExplanation): string[] {
  const lines = [`request for ${http.authority}${http.path}${http.internal ? ", internal" : ""}`];
  const { virtualHost, tried, routeCount, route } = http;
  lines.push(
    virtualHost === null
      ? `route configuration ${http.routeConfig}: none of ${http.virtualHostCount} virtual hosts has "${http.host}"`
      : `route configuration ${http.routeConfig}: virtual host ${virtualHost.name}, by domain ${virtualHost.domain}`,
  );
  if (http.requiresTls) lines.push("  require_tls: requests without TLS are redirected");
  for (const { index, name, match, whyNot } of tried) {
    lines.push(`  route ${index}${name === "" ? "" : ` ${name}`}, ${match}: ${whyNot ?? "matches"}`);
  }
  if (tried.length > 0 && route === null) lines.push(`  none of ${routeCount} routes matches`);
  if (route?.action === "forward") lines.push(...policyLines(route));
  lines.push(
    `HTTP filters: ${http.httpFilters.map(({ name, disabled }) => (disabled ? `${name} (off)` : name)).join(" > ")}`,
  );
  return lines;
}

function policyLines(route: NonNullable<HttpExplanation["route"]>): string[] {
  const { cluster, timeoutMs, retryOn, retries, perTryTimeoutMs, priority, hashes } = route;
  const parts = [`timeout ${timeoutMs === null || timeoutMs === 0 ? "none" : humanDuration(timeoutMs)}`];
  if (retryOn.length > 0) parts.push(`${retries} retries on ${retryOn.join(",")}`);
  if (perTryTimeoutMs > 0) parts.push(`${humanDuration(perTryTimeoutMs)} per try`);
  if (priority !== "default") parts.push(`priority ${priority}`);
  if (hashes) parts.push("hash policy");
  return [`cluster ${cluster}: ${parts.join(", ")}`];
}

function hostsText(cluster: ClusterExplanation): string {
  const { hostCount, healthy, degraded, unhealthy, loadBalancer, hosts, subset } = cluster;
  const noun = hostCount === 1 ? "host" : "hosts";
  const counts = `${hostCount} ${noun}: ${healthy} healthy, ${degraded} degraded, ${unhealthy} unhealthy; ${loadBalancer}\n`;
  if (hosts.length === 0) return counts;
  const note =
    cluster.watched === false
      ? "no health checks, no outlier detection: hosts count as healthy even if they are down\n"
      : "";
  const isAggregate = hosts.some(({ cluster }) => cluster !== "");
  const rows = hosts.map(({ address, cluster, health, flags, weight, priority, zone, activeRequests, inSubset }) => [
    address,
    ...(isAggregate ? [cluster] : []),
    ...(subset === null ? [] : [inSubset ? "yes" : "no"]),
    health,
    flags.join(" ") || "-",
    String(weight),
    String(priority),
    zone || "-",
    String(activeRequests),
  ]);
  const head = [
    "HOST",
    ...(isAggregate ? ["CLUSTER"] : []),
    ...(subset === null ? [] : ["IN SUBSET"]),
    "HEALTH",
    "FLAGS",
    "WEIGHT",
    "PRIORITY",
    "ZONE",
    "ACTIVE REQUESTS",
  ];
  return counts + note + textTable([head, ...rows]);
}
