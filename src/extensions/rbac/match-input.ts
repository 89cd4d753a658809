import type { MatchInput } from "../../match/match-tree.ts";
import { ipOfAddress } from "../../net/address.ts";
import type { RbacSubject } from "./rbac-subject.ts";

/** What a match tree looks at in a connection or request. Plain data. */
export type MatchInputData =
  | { readonly type: Exclude<keyof typeof INPUTS, "header" | "filterState"> }
  | { readonly type: "header" | "filterState"; readonly name: string };

const INPUTS = {
  destinationIp: (_: string) => (subject: RbacSubject) => ipOf(subject.localAddress),
  destinationPort: (_: string) => (subject: RbacSubject) => portOf(subject.localAddress),
  sourceIp: (_: string) => (subject: RbacSubject) => ipOf(subject.remoteAddress),
  sourcePort: (_: string) => (subject: RbacSubject) => portOf(subject.connectionRemoteAddress),
  directSourceIp: (_: string) => (subject: RbacSubject) => ipOf(subject.directRemoteAddress),
  serverName: (_: string) => (subject: RbacSubject) => subject.requestedServerName || undefined,
  uriSan: (_: string) => (subject: RbacSubject) => subject.tls?.peer?.uriSans.join(",") || undefined,
  dnsSan: (_: string) => (subject: RbacSubject) => subject.tls?.peer?.dnsSans.join(",") || undefined,
  subject: (_: string) => (subject: RbacSubject) => subject.tls?.peer?.subject || undefined,
  header: (name: string) => (subject: RbacSubject) => subject.headers?.lookup(name),
  filterState: (key: string) => (subject: RbacSubject) => {
    const value = subject.filterState?.get(key);
    return typeof value === "string" ? value : undefined;
  },
};

/** Makes the reader of an input. */
export function createMatchInput(data: MatchInputData): MatchInput<RbacSubject> {
  return INPUTS[data.type]("name" in data ? data.name : "");
}

/** The IP of `ip:port`, `[ip]:port` or of an IP alone; undefined for a path. */
function ipOf(address: string): string | undefined {
  if (address.startsWith("/") || address.startsWith("@")) return undefined;
  const isBareIpv6 = !address.startsWith("[") && address.indexOf(":") !== address.lastIndexOf(":");
  return isBareIpv6 || !address.includes(":") ? address : ipOfAddress(address);
}

function portOf(address: string): string | undefined {
  return /:(\d+)$/.exec(address)?.[1];
}
