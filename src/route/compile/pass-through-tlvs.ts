import {
  type ProxyProtocolPassThroughTLVs,
  ProxyProtocolPassThroughTLVs_PassTLVsMatchType,
} from "../../proto/gen/envoy/config/core/v3/proxy_protocol_pb.js";

/** `pass_through_tlvs`, wherever it stands; without it none are passed on. */
export function compilePassThroughTlvs(message: ProxyProtocolPassThroughTLVs | undefined): "all" | readonly number[] {
  if (message === undefined) return [];
  return message.matchType === ProxyProtocolPassThroughTLVs_PassTLVsMatchType.INCLUDE_ALL ? "all" : message.tlvType;
}
