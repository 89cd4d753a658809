import { parseIpPort } from "../parse-ip-port.ts";
import type { ProxiedEnds } from "./header-writer.ts";

/** The ends of a connection for a header of the PROXY protocol, from `ip:port`; null if one is none: a Unix-domain socket. */
export function toldEnds(source: string, destination: string): ProxiedEnds | null {
  const [from, to] = [parseIpPort(source), parseIpPort(destination)];
  return from === null || to === null ? null : { source: from, destination: to };
}
