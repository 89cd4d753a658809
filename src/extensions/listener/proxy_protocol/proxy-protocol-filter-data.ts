import type { PassThroughTlvs } from "../../../net/proxy-protocol/passed-tlvs.ts";

/** Puts a TLV into the connection's dynamic metadata. */
export interface TlvRule {
  readonly tlvType: number;
  readonly namespace: string;
  readonly key: string;
}

/** Envoy's listener filter `ProxyProtocol`, checked. Plain data. */
export interface ProxyProtocolFilterData {
  readonly statPrefix: string;
  readonly rules: readonly TlvRule[];
  /** Versions that are looked for. */
  readonly versions: readonly (1 | 2)[];
  readonly allowWithout: boolean;
  /** Types of the TLVs that are kept for upstream connections. */
  readonly passThrough: PassThroughTlvs;
}
