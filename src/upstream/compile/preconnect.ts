import type { Cluster_PreconnectPolicy } from "../../proto/gen/envoy/config/cluster/v3/cluster_pb.js";
import type { PreconnectData } from "../pool/preconnect.ts";

/** Compiles `preconnect_policy`; null if it asks for no more connections than there are streams. */
export function compilePreconnect(message: Cluster_PreconnectPolicy | undefined): PreconnectData | null {
  const perUpstreamRatio = message?.perUpstreamPreconnectRatio ?? 1;
  const predictiveRatio = message?.predictivePreconnectRatio ?? 1;
  return perUpstreamRatio === 1 && predictiveRatio === 1 ? null : { perUpstreamRatio, predictiveRatio };
}
