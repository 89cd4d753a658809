import type { RequestHeaderMap } from "../../../http/header-map.ts";
import { parseIp } from "../../../match/ip-address.ts";
import type { IpDetectionData } from "../../original_ip_detection/ip-detection-data.ts";
import { lastAddressFromXff } from "./forwarded-for.ts";

/** Who the client is. */
export interface OriginalIp {
  readonly ip: string;
  /** Whether the address may make the request internal. */
  readonly trusted: boolean;
  /** The status to answer with instead, because nobody can tell who the client is; 0 = none. */
  readonly rejectStatus: number;
}

/**
 * The client's address where the peer is the client, or another proxy that is believed for `trustedHops` entries of
 * `x-forwarded-for`. Call before the peer is appended there.
 */
export function ipOfPeer(headers: RequestHeaderMap, peerIp: string, trustedHops: number): OriginalIp {
  const xff = headers.getJoined("x-forwarded-for");
  if (trustedHops > 0) {
    const { ip } = lastAddressFromXff(xff, trustedHops - 1);
    if (ip !== "") return { ip, trusted: false, rejectStatus: 0 };
  }
  return { ip: peerIp, trusted: xff === undefined, rejectStatus: 0 };
}

/**
 * The client's address by the first of `ways` that knows it; the peer's, without trust, if none does: nobody vouches for a missing or
 * unreadable header. Source: the original IP detection extensions in Envoy's `ConnectionManagerUtility::mutateRequestHeaders`.
 */
export function ipFromHeaders(headers: RequestHeaderMap, peerIp: string, ways: readonly IpDetectionData[]): OriginalIp {
  for (const way of ways) {
    if (way.type === "xff") {
      const { ip, single } = lastAddressFromXff(headers.getJoined("x-forwarded-for"), way.trustedHops);
      if (ip !== "") return { ip, trusted: single, rejectStatus: 0 };
      continue;
    }
    const ip = headers.get(way.header);
    if (ip !== undefined && parseIp(ip) !== null) return { ip, trusted: way.trusted, rejectStatus: 0 };
    if (way.rejectStatus !== null) return { ip: peerIp, trusted: false, rejectStatus: way.rejectStatus };
  }
  return { ip: peerIp, trusted: false, rejectStatus: 0 };
}
