import type { FilterStatus } from "../../../net/network-filter.ts";
import { QuietReadFilter } from "../../../net/quiet-read-filter.ts";
import { PER_CONNECTION_CLUSTER_KEY } from "../../../upstream/tcp-proxy-keys.ts";

/** Names the cluster for `tcp_proxy` after the server name that the peer asked for, if it asked for one. */
export class SniClusterFilter extends QuietReadFilter {
  override onNewConnection(): FilterStatus {
    const { info, state } = this.callbacks;
    if (info.requestedServerName !== "") state.setFilterState(PER_CONNECTION_CLUSTER_KEY, info.requestedServerName);
    return super.onNewConnection();
  }
}
