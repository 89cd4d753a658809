import type { RequestHeaderMap } from "../../../http/header-map.ts";
import type { DownstreamConnectionInfo } from "../../../net/downstream-connection-info.ts";
import { proxyHeaderV1, proxyHeaderV2 } from "../../../net/proxy-protocol/header-writer.ts";
import { passedTlvs, tlvsOfConnection } from "../../../net/proxy-protocol/passed-tlvs.ts";
import { toldEnds } from "../../../net/proxy-protocol/told-ends.ts";
import { opensTcp } from "../../../route/connect-data.ts";
import type { ForwardAction } from "../../../route/route.ts";

const NOTHING = Buffer.alloc(0);

/**
 * What the host's connection begins with, if the route ends the HTTP of this request here and sends on its bytes alone
 * (`connect_config`); null if it does not.
 */
export function tcpPrologue(
  action: ForwardAction,
  headers: RequestHeaderMap,
  downstream: DownstreamConnectionInfo,
): Buffer | null {
  const { connect } = action.settings;
  if (connect === null || !opensTcp(connect, headers.method)) return null;
  if (connect.proxyProtocol === 0) return NOTHING;
  const ends = toldEnds(downstream.remoteAddress, downstream.localAddress);
  if (connect.proxyProtocol === 1) return proxyHeaderV1(ends);
  return proxyHeaderV2(ends, passedTlvs(tlvsOfConnection(downstream), connect.passThroughTlvs));
}
