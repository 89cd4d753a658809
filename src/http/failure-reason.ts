import type { ClusterWords } from "./cluster-words.ts";
import { RESPONSE_FLAG_LONG_NAMES, ResponseFlag, type StreamInfo } from "./stream-info.ts";

/** The short names of the flags that are set, lowest bit first. */
export function flagNames(flags: number): string[] {
  return Object.entries(ResponseFlag).flatMap(([name, bit]) => ((flags & (1 << bit)) === 0 ? [] : name));
}

type Sentence = (info: StreamInfo, words: ClusterWords) => string;

const clusterOf = ({ upstream }: StreamInfo): string => upstream?.clusterName || "(unknown)";
const hostOf = ({ upstream }: StreamInfo): string => upstream?.hostAddress || "(none)";
const details = ({ responseCodeDetails }: StreamInfo): string => responseCodeDetails || "no details";

/** Details that a sentence of their own says better, by the flag that they come with. */
const TIMEOUTS: Readonly<Record<string, string>> = {
  response_timeout: "within the timeout of the route",
  upstream_per_try_timeout: "within the time for one try",
  upstream_per_try_idle_timeout: "and was idle for longer than a try may be",
  upstream_response_timeout: "within the timeout of the route",
};

/** The first of these whose flag is set says it: what came first stands before what followed from it. */
const SENTENCES: readonly (readonly [flag: ResponseFlag, sentence: Sentence])[] = [
  [ResponseFlag.UH, noHost],
  [ResponseFlag.NC, noCluster],
  [ResponseFlag.NR, noRoute],
  [ResponseFlag.UF, (info) => `could not connect to host ${hostOf(info)}${because(info)}`],
  [ResponseFlag.UC, (info) => `host ${hostOf(info)} ended the connection before the response was complete`],
  [ResponseFlag.UO, overflow],
  [ResponseFlag.UT, timeout],
  [ResponseFlag.UR, (info) => `host ${hostOf(info)} reset the ${info.protocol === "" ? "connection" : "request"}`],
  [ResponseFlag.UPE, protocolError],
  [ResponseFlag.LR, (info) => `the proxy itself reset the request to host ${hostOf(info)}`],
  [ResponseFlag.UMSDR, (info) => `host ${hostOf(info)} took longer than a request may take in all`],
  [ResponseFlag.DC, (info) => `the client left before it had its ${info.protocol === "" ? "answer" : "response"}`],
  [ResponseFlag.DR, () => "the client reset the request before it had its response"],
  [ResponseFlag.DPE, (info) => `the client broke the protocol: ${details(info)}`],
  [ResponseFlag.SI, () => "nothing came or went for longer than the stream idle timeout"],
  [ResponseFlag.DT, (info) => `the time for the whole ${info.protocol === "" ? "connection" : "request"} was over`],
  [ResponseFlag.RL, (info) => `a rate limit refused the request (${details(info)})`],
  [ResponseFlag.RLSE, (info) => `the rate limit service gave no answer (${details(info)})`],
  [ResponseFlag.UAEX, (info) => `an authorization filter refused the request (${details(info)})`],
  [ResponseFlag.FI, () => "a fault filter answered in place of a host"],
  [ResponseFlag.DI, () => "a fault filter held the request up"],
  [ResponseFlag.IH, (info) => `a header that the router checks has a value that it can't have (${details(info)})`],
  [ResponseFlag.LH, () => "the health check filter said that this proxy is not healthy"],
  [ResponseFlag.DO, (info) => `cluster ${clusterOf(info)} drops a share of its requests, because it is overloaded`],
  [ResponseFlag.UDO, (info) => `cluster ${clusterOf(info)} drops all requests, because it is overloaded`],
  [ResponseFlag.OM, (info) => `the overload manager ended the request (${details(info)})`],
];

/** Why a request failed, in a sentence. */
export function failureReason(info: StreamInfo, words: ClusterWords): string {
  const found = SENTENCES.find(([flag]) => info.hasResponseFlag(flag));
  const sentence = found === undefined ? otherReason(info) : found[1](info, words);
  return info.hasResponseFlag(ResponseFlag.URX) ? `${sentence}; no more retries were allowed` : sentence;
}

function noHost(info: StreamInfo, words: ClusterWords): string {
  const hosts = words.hosts(info.upstream?.clusterRawName || clusterOf(info), info.failureNote);
  return `no healthy host in cluster ${clusterOf(info)}: ${hosts}`;
}

function noCluster(info: StreamInfo): string {
  const { failureNote: name } = info;
  if (name === "") return "no cluster: the request lacks the header that is to name it";
  return `no cluster: there is none of the name "${name}", to which the ${info.protocol === "" ? "connection" : "route"} leads`;
}

function noRoute(info: StreamInfo): string {
  if (info.responseCodeDetails === "filter_chain_not_found") return `no filter chain: ${info.failureNote}`;
  if (info.virtualHostName !== "") return `no route: virtual host ${info.virtualHostName} has none for the request`;
  return `no route: ${info.failureNote || "no route of any virtual host takes the request"}`;
}

function overflow(info: StreamInfo, words: ClusterWords): string {
  const open = words.openBreakers(info.upstream?.clusterRawName || clusterOf(info));
  return `a circuit breaker of cluster ${clusterOf(info)} is open${open === "" ? "" : ` (${open})`}`;
}

function timeout(info: StreamInfo): string {
  const within = TIMEOUTS[info.responseCodeDetails] ?? `in time (${details(info)})`;
  const { upstream } = info;
  if ((upstream?.connectedAtMs ?? -1) < 0 && upstream?.hostAddress) {
    return `no connection to host ${hostOf(info)} was ready ${within}`;
  }
  return `host ${hostOf(info)} did not answer ${within}`;
}

function protocolError(info: StreamInfo): string {
  const how = info.upstream?.codecFailure ?? "";
  return `host ${hostOf(info)} broke the protocol${how === "" ? "" : `: ${how}`}`;
}

function otherReason(info: StreamInfo): string {
  const bit = RESPONSE_FLAG_LONG_NAMES.findIndex((_, flag) => (info.responseFlags & (1 << flag)) !== 0);
  if (bit !== -1) return `${RESPONSE_FLAG_LONG_NAMES[bit]}: ${details(info)}`;
  // A connection that failed before there was a request.
  if (info.failureNote !== "" && info.responseCode === 0) return info.failureNote;
  if (info.responseCodeDetails === "via_upstream") return `host ${hostOf(info)} answered ${info.responseCode} itself`;
  if (info.responseCodeDetails === "direct_response") return `the route itself answers ${info.responseCode}`;
  return `the proxy answered ${info.responseCode}: ${details(info)}`;
}

function because({ upstream, responseCodeDetails }: StreamInfo): string {
  const reason = upstream?.transportFailureReason ?? "";
  if (reason !== "") return `: ${reason}`;
  return responseCodeDetails.includes("connection_timeout") ? " within the connect timeout of its cluster" : "";
}
