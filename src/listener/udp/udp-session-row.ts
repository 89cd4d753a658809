import type { ConnectionRow } from "../connection-listing.ts";
import type { ListedUdpSession } from "./udp-listener.ts";

/** A UDP session as people see it: like a connection that is passed on as a whole. */
export function sessionRow(
  listener: string,
  { session, draining, snapshotVersion }: ListedUdpSession,
  nowMs: number,
): ConnectionRow {
  const { startMs, lastActivityMs, ...shown } = session;
  return {
    ...shown,
    listener,
    filterChain: "",
    state: draining ? "draining" : "live",
    serverName: "",
    alpn: "",
    tlsVersion: "",
    protocol: "UDP",
    ageMs: nowMs - startMs,
    idleMs: nowMs - lastActivityMs,
    bufferedBytes: 0,
    readDisabled: false,
    requests: 0,
    activeStreams: 0,
    attempt: 1,
    snapshotVersion,
  };
}
