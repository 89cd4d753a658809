import { RESPONSE_FLAG_LONG_NAMES, ResponseFlag, type StreamInfo } from "./stream-info.ts";

/** The short names of the flags that are set, lowest bit first. */
export function flagNames(flags: number): string[] {
  return Object.entries(ResponseFlag).flatMap(([name, bit]) => ((flags & (1 << bit)) === 0 ? [] : name));
}

type Sentence = (info: StreamInfo, hosts: (cluster: string) => string) => string;

const clusterOf = ({ upstream }: StreamInfo): string => upstream?.clusterName || "(unknown)";
const hostOf = ({ upstream }: StreamInfo): string => upstream?.hostAddress || "(none)";
const details = ({ responseCodeDetails }: StreamInfo): string => responseCodeDetails || "no details";

/** The first of these whose flag is set says it: what came first stands before what followed from it. */
const SENTENCES: readonly (readonly [flag: ResponseFlag, sentence: Sentence])[] = [
  [ResponseFlag.UH, (info, hosts) => `no healthy host in cluster ${clusterOf(info)}: ${hosts(clusterOf(info))}`],
  [ResponseFlag.NC, (info) => `the cluster of route "${info.routeName}" does not exist (${details(info)})`],
  [
    ResponseFlag.NR,
    (info) =>
      info.virtualHostName === ""
        ? "no route: no route of any virtual host takes the request"
        : `no route: virtual host ${info.virtualHostName} has none for the request`,
  ],
  [ResponseFlag.UF, (info) => `could not connect to host ${hostOf(info)}${because(info)}`],
  [ResponseFlag.UC, (info) => `host ${hostOf(info)} ended the connection before the response was complete`],
  [ResponseFlag.UO, (info) => `a circuit breaker of cluster ${clusterOf(info)} is open`],
  [ResponseFlag.UT, (info) => `host ${hostOf(info)} did not answer in time (${details(info)})`],
  [ResponseFlag.UR, (info) => `host ${hostOf(info)} reset the request`],
  [ResponseFlag.UPE, (info) => `host ${hostOf(info)} broke the protocol`],
  [ResponseFlag.LR, (info) => `the request to host ${hostOf(info)} was reset here`],
  [ResponseFlag.UMSDR, (info) => `the time for the response of host ${hostOf(info)} was over`],
  [ResponseFlag.DC, (info) => `the client left before it had its response (${details(info)})`],
  [ResponseFlag.DPE, (info) => `the client broke the protocol: ${details(info)}`],
  [ResponseFlag.SI, () => "nothing came or went for the stream idle timeout"],
  [ResponseFlag.DT, () => "the time for the whole request was over"],
  [ResponseFlag.RL, (info) => `a rate limit refused the request (${details(info)})`],
  [ResponseFlag.UAEX, (info) => `an authorization filter refused the request (${details(info)})`],
  [ResponseFlag.FI, () => "a fault filter answered in place of a host"],
  [ResponseFlag.DI, () => "a fault filter held the request up"],
];

/** Why a request failed, in a sentence. `hosts` describes the hosts of a cluster as they stand. */
export function failureReason(info: StreamInfo, hosts: (cluster: string) => string): string {
  const found = SENTENCES.find(([flag]) => info.hasResponseFlag(flag));
  const sentence = found === undefined ? otherReason(info) : found[1](info, hosts);
  return info.hasResponseFlag(ResponseFlag.URX) ? `${sentence}; no more retries were allowed` : sentence;
}

function otherReason(info: StreamInfo): string {
  const bit = RESPONSE_FLAG_LONG_NAMES.findIndex((_, flag) => (info.responseFlags & (1 << flag)) !== 0);
  if (bit !== -1) return `${RESPONSE_FLAG_LONG_NAMES[bit]}: ${details(info)}`;
  if (info.responseCodeDetails === "via_upstream") return `host ${hostOf(info)} answered ${info.responseCode} itself`;
  return `the proxy answered ${info.responseCode}: ${details(info)}`;
}

function because({ upstream }: StreamInfo): string {
  const reason = upstream?.transportFailureReason ?? "";
  return reason === "" ? "" : `: ${reason}`;
}
