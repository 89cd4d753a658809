import type { Buffer } from "node:buffer";
import type { IpAddress } from "../address.ts";

/** The key under which the filter state of a connection has the `ProxyProtocolData` that came with it. Source: Envoy. */
export const PROXY_PROTOCOL_STATE_KEY = "envoy.network.proxy_protocol_options";

/** A type-length-value of version 2. */
export interface ProxyProtocolTlv {
  readonly type: number;
  readonly value: Buffer;
}

/** What a PROXY protocol header says of a connection. */
export interface ProxyProtocolData {
  readonly source: IpAddress;
  readonly destination: IpAddress;
  readonly tlvs: readonly ProxyProtocolTlv[];
}
