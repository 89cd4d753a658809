import type { DownstreamConnectionInfo } from "../downstream-connection-info.ts";
import { PROXY_PROTOCOL_STATE_KEY, type ProxyProtocolData, type ProxyProtocolTlv } from "./proxy-protocol-data.ts";

/** Types of the TLVs that are passed on. */
export type PassThroughTlvs = "all" | readonly number[];

const NONE: readonly ProxyProtocolTlv[] = [];

/** Those of these TLVs that are passed on. */
export function passedTlvs(
  tlvs: readonly ProxyProtocolTlv[],
  passThrough: PassThroughTlvs,
): readonly ProxyProtocolTlv[] {
  return passThrough === "all" ? tlvs : tlvs.filter(({ type }) => passThrough.includes(type));
}

/** Whether a connection has come with a PROXY protocol header that names its ends. */
export function cameWithHeader({ stateIfAny }: DownstreamConnectionInfo): boolean {
  return stateIfAny?.filterState?.has(PROXY_PROTOCOL_STATE_KEY) === true;
}

/** What the PROXY protocol header of a connection has brought, as far as its listener filter keeps it. */
export function tlvsOfConnection({ stateIfAny }: DownstreamConnectionInfo): readonly ProxyProtocolTlv[] {
  const data = stateIfAny?.filterState?.get(PROXY_PROTOCOL_STATE_KEY) as ProxyProtocolData | undefined;
  return data?.tlvs ?? NONE;
}
