import { FilterStatus, type ReadFilterCallbacks } from "../../../net/network-filter.ts";
import { QuietReadFilter } from "../../../net/quiet-read-filter.ts";
import { peerNamesOf } from "../../rbac/peer-names.ts";
import type { RbacDecision, RbacEngine } from "../../rbac/rbac-engine.ts";
import { rbacDenialDetails } from "../../rbac/rbac-engine.ts";
import type { RbacSubject } from "../../rbac/rbac-subject.ts";
import type { RbacStats } from "../../rbac/stats.ts";
import type { RbacFilterData } from "./rbac-filter-data.ts";

const METADATA_NAMESPACE = "envoy.filters.network.rbac";

/** What all connections of one configured filter on one worker share. */
export interface RbacFilterRuntime {
  readonly data: RbacFilterData;
  readonly engine: RbacEngine | null;
  readonly shadowEngine: RbacEngine | null;
  readonly stats: RbacStats;
}

/**
 * Closes connections that its policies do not allow, when their first bytes come. Source: Envoy's network RBAC filter;
 * `rbac_access_denied_matched_policy[…]` becomes the connection's termination details.
 */
export class RbacFilter extends QuietReadFilter {
  readonly #runtime: RbacFilterRuntime;
  #decided = false;

  constructor(runtime: RbacFilterRuntime) {
    super();
    this.#runtime = runtime;
  }

  override onData(): FilterStatus {
    if (this.#decided && !this.#runtime.data.continuous) return FilterStatus.continue;
    this.#decided = true;
    const { engine, shadowEngine, stats } = this.#runtime;
    const subject = connectionSubject(this.callbacks);
    if (shadowEngine !== null) this.#noteShadow(shadowEngine.decide(subject));
    if (engine === null) return FilterStatus.continue;
    const decision = engine.decide(subject);
    if (decision.allowed) {
      stats.allowed.inc();
      return FilterStatus.continue;
    }
    stats.denied.inc();
    this.callbacks.state.terminationDetails = rbacDenialDetails(decision);
    this.callbacks.connection.close("noFlush");
    return FilterStatus.stopIteration;
  }

  #noteShadow({ allowed, policy }: RbacDecision): void {
    const { data, stats } = this.#runtime;
    (allowed ? stats.shadowAllowed : stats.shadowDenied).inc();
    const metadata = this.callbacks.state.metadata(METADATA_NAMESPACE);
    metadata[`${data.shadowRulesStatPrefix}shadow_engine_result`] = allowed ? "allowed" : "denied";
    if (policy !== "") metadata[`${data.shadowRulesStatPrefix}shadow_effective_policy_id`] = policy;
  }
}

function connectionSubject({ info, state }: ReadFilterCallbacks): RbacSubject {
  return {
    localAddress: info.localAddress,
    connectionRemoteAddress: info.remoteAddress,
    directRemoteAddress: info.directRemoteAddress,
    remoteAddress: info.remoteAddress,
    requestedServerName: info.requestedServerName,
    tls: info.tls,
    get peerNames() {
      return peerNamesOf(info.tls);
    },
    dynamicMetadata: state.dynamicMetadata,
    filterState: state.filterState,
    headers: null,
  };
}
