import { FilterHeadersStatus } from "../../../http/filter.ts";
import type { RequestHeaderMap } from "../../../http/header-map.ts";
import { PassThroughFilter } from "../../../http/pass-through-filter.ts";
import type { StreamInfo } from "../../../http/stream-info.ts";
import { peerNamesOf } from "../../rbac/peer-names.ts";
import { type RbacDecision, rbacDenialDetails } from "../../rbac/rbac-engine.ts";
import type { RbacSubject } from "../../rbac/rbac-subject.ts";
import type { RbacEngines } from "./rbac-filter-data.ts";
import type { HttpRbacStats } from "./stats.ts";

const METADATA_NAMESPACE = "envoy.filters.http.rbac";
const COMMON_NAMESPACE = "envoy.common";
const ACCESS_LOG_KEY = "access_log_hint";

/** What the streams of one configured filter on one worker share. */
export interface RbacFilterRuntime {
  readonly engines: RbacEngines;
  readonly stats: HttpRbacStats;
}

/**
 * Answers requests that its policies do not allow with 403 (`rbac_access_denied_matched_policy[…]`). A route's policies take the
 * place of the filter's. Source: Envoy's `RoleBasedAccessControlFilter`.
 */
export class RbacFilter extends PassThroughFilter {
  readonly #runtime: RbacFilterRuntime;

  constructor(runtime: RbacFilterRuntime) {
    super();
    this.#runtime = runtime;
  }

  override decodeHeaders(headers: RequestHeaderMap): FilterHeadersStatus {
    const { stats } = this.#runtime;
    const { streamInfo } = this.decoder;
    const { data, engine, shadowEngine } =
      (this.decoder.perFilterConfig() as RbacEngines | undefined) ?? this.#runtime.engines;
    if (engine === null && shadowEngine === null) return FilterHeadersStatus.continue;
    const { countsPolicies } = data;
    const subject = requestSubject(headers, streamInfo);
    if (shadowEngine !== null) {
      const decision = shadowEngine.decide(subject);
      (decision.allowed ? stats.shadowAllowed : stats.shadowDenied).inc();
      if (countsPolicies && decision.policy !== "") stats.shadowPolicies.count(decision.policy, decision.allowed);
      note(streamInfo, `${data.shadowRulesStatPrefix}shadow`, decision);
    }
    if (engine === null) return FilterHeadersStatus.continue;
    const decision = engine.decide(subject);
    if (engine.logs) this.#noteLogging(streamInfo, decision);
    note(streamInfo, `${data.rulesStatPrefix}enforced`, decision);
    if (countsPolicies && decision.policy !== "") stats.policies.count(decision.policy, decision.allowed);
    if (decision.allowed) {
      stats.allowed.inc();
      return FilterHeadersStatus.continue;
    }
    stats.denied.inc();
    this.decoder.sendLocalReply({
      status: 403,
      body: "RBAC: access denied",
      details: rbacDenialDetails(decision),
    });
    return FilterHeadersStatus.stopIteration;
  }

  #noteLogging(streamInfo: StreamInfo, { shouldLog }: RbacDecision): void {
    const { stats } = this.#runtime;
    (shouldLog ? stats.logged : stats.notLogged).inc();
    streamInfo.metadata(COMMON_NAMESPACE)[ACCESS_LOG_KEY] = shouldLog;
  }
}

/** Writes a decision into the stream's metadata, for access logs. */
function note(streamInfo: StreamInfo, prefix: string, { allowed, policy }: RbacDecision): void {
  const metadata = streamInfo.metadata(METADATA_NAMESPACE);
  metadata[`${prefix}_engine_result`] = allowed ? "allowed" : "denied";
  if (policy !== "") metadata[`${prefix}_effective_policy_id`] = policy;
}

function requestSubject(headers: RequestHeaderMap, streamInfo: StreamInfo): RbacSubject {
  const { connection } = streamInfo;
  return {
    localAddress: connection.localAddress,
    connectionRemoteAddress: connection.remoteAddress,
    directRemoteAddress: connection.directRemoteAddress,
    remoteAddress: streamInfo.downstreamRemoteIp === "" ? connection.remoteAddress : streamInfo.downstreamRemoteIp,
    requestedServerName: connection.requestedServerName,
    tls: connection.tls,
    get peerNames() {
      return peerNamesOf(connection.tls);
    },
    dynamicMetadata: streamInfo.dynamicMetadata,
    filterState: streamInfo.filterState,
    headers,
  };
}
