import type { RandomSource } from "../../../base/random.ts";
import {
  type BodyData,
  FilterDataStatus,
  FilterHeadersStatus,
  FilterTrailersStatus,
  type LocalReply,
} from "../../../http/filter.ts";
import type { RequestHeaderMap, ResponseHeaderMap } from "../../../http/header-map.ts";
import { PassThroughFilter } from "../../../http/pass-through-filter.ts";
import { ResponseFlag } from "../../../http/stream-info.ts";
import type { MetadataMatcher } from "../../../match/metadata-matcher.ts";
import { isInFraction } from "../../../route/fraction.ts";
import type { Runtime } from "../../../runtime/runtime.ts";
import type { AsyncCall } from "../../../upstream/async/async-failure.ts";
import type { ClusterStats } from "../../../upstream/cluster-stats.ts";
import type { ClusterDirectory } from "../../../upstream/thread-local-cluster.ts";
import { applyChanges, type HeaderChange, isValidChange, mayChange, replaceHeaders } from "../../header-change.ts";
import { clusterStatsOf } from "../../request-cluster.ts";
import type { AuthzAnswer, AuthzClient } from "./authz-answer.ts";
import type { CheckedBodyData, ExtAuthzData, ExtAuthzRouteData } from "./ext-authz-data.ts";
import type { MutationRules } from "./mutation-rules.ts";
import { changeQuery } from "./query-change.ts";
import type { AuthzClusterCounters, ExtAuthzStats } from "./stats.ts";

/** What the streams of one configured filter on one worker share. */
export interface ExtAuthzRuntime {
  readonly data: ExtAuthzData;
  readonly client: AuthzClient;
  readonly enabledMetadata: MetadataMatcher | null;
  readonly mutationRules: MutationRules | null;
  readonly stats: ExtAuthzStats;
  readonly clusterStats: AuthzClusterCounters;
  readonly clusters: ClusterDirectory;
  readonly random: RandomSource;
  readonly values: Runtime;
}

const NAMESPACE = "envoy.filters.http.ext_authz";
const TOO_LARGE: LocalReply = { status: 413, body: "Payload Too Large", details: "request_payload_too_large" };
const EMPTY = Buffer.alloc(0);
/** Without rules every change is allowed, but what can't be removed stays. */
const NO_RULES: Pick<MutationRules, "allows" | "allowsRemoval"> = {
  allows: () => true,
  allowsRemoval: (name) => !name.startsWith(":") && name !== "host",
};

/**
 * Asks an authorization service whether a request may pass: details `ext_authz_denied` and `ext_authz_error`, flag UAEX. Source: Envoy's
 * `ExtAuthz::Filter`.
 * Differs from Envoy: what the service changes is always checked, as with `validate_mutations`; headers that frame a message or belong to a connection are never changed.
 */
export class ExtAuthzFilter extends PassThroughFilter {
  readonly #runtime: ExtAuthzRuntime;
  #headers!: RequestHeaderMap;
  #cluster: ClusterStats | null = null;
  /** The body is being gathered, to be sent along. */
  #gathers: CheckedBodyData | null = null;
  /** The last body that came; it is not in the buffer yet. */
  #lastData: Buffer = EMPTY;
  #isCalling = false;
  #refused = false;
  /** The service is being asked right now: its answer may come before the call returns. */
  #inCall = false;
  #call: AsyncCall | null = null;
  #callMs = 0;
  #responseHeaders: readonly HeaderChange[] = [];

  constructor(runtime: ExtAuthzRuntime) {
    super();
    this.#runtime = runtime;
  }

  override decodeHeaders(headers: RequestHeaderMap, endStream: boolean): FilterHeadersStatus {
    const route = this.decoder.perFilterConfig() as ExtAuthzRouteData | undefined;
    if (this.decoder.route() === null || route?.disabled === true) return FilterHeadersStatus.continue;
    if (!this.#isEnabled()) return this.#onDisabled();
    this.#headers = headers;
    const body = route?.body === undefined ? this.#runtime.data.body : route.body;
    if (body !== null && !endStream && headers.protocol === "" && headers.method !== "CONNECT") {
      this.#gathers = body;
      if (!body.allowPartial) this.decoder.setDecoderBufferLimit(body.maxBytes);
      return FilterHeadersStatus.stopIteration;
    }
    return this.#ask(null, false) ? FilterHeadersStatus.continue : FilterHeadersStatus.stopAllIterationAndWatermark;
  }

  override decodeData({ bytes }: BodyData, endStream: boolean): FilterDataStatus {
    const body = this.#gathers;
    if (body === null) return FilterDataStatus.continue;
    if (this.#isCalling) return FilterDataStatus.stopIterationAndWatermark;
    const length = (this.decoder.decodingBuffer()?.length ?? 0) + bytes.length;
    const isFull = body.allowPartial && length >= body.maxBytes;
    if (!endStream && !isFull) return FilterDataStatus.stopIterationAndBuffer;
    if (!body.allowPartial && length > body.maxBytes) {
      this.decoder.sendLocalReply(TOO_LARGE);
      return FilterDataStatus.stopIterationNoBuffer;
    }
    this.#lastData = bytes;
    const goesOn = this.#ask(body, !endStream || length > body.maxBytes);
    return goesOn ? FilterDataStatus.continue : FilterDataStatus.stopIterationAndWatermark;
  }

  override decodeTrailers(): FilterTrailersStatus {
    if (this.#gathers === null) return FilterTrailersStatus.continue;
    if (this.#isCalling) return FilterTrailersStatus.stopIteration;
    this.#lastData = EMPTY;
    return this.#ask(this.#gathers, false) ? FilterTrailersStatus.continue : FilterTrailersStatus.stopIteration;
  }

  override encodeHeaders(headers: ResponseHeaderMap): FilterHeadersStatus {
    if (this.#responseHeaders.length > 0) applyChanges(headers, this.#responseHeaders);
    return FilterHeadersStatus.continue;
  }

  override onDestroy(): void {
    this.#call?.cancel();
    this.#call = null;
  }

  #isEnabled(): boolean {
    const { data, values, random, enabledMetadata } = this.#runtime;
    if (data.enabled !== null && !isInFraction(values.share(data.enabled), random.uint32())) return false;
    return enabledMetadata === null || enabledMetadata.matches(this.decoder.streamInfo.dynamicMetadata);
  }

  #onDisabled(): FilterHeadersStatus {
    const { data, stats, values } = this.#runtime;
    stats.disabled.inc();
    if (data.denyAtDisable === null || !values.flag(data.denyAtDisable)) return FilterHeadersStatus.continue;
    this.#refuse({ status: data.statusOnError, body: "", details: "ext_authz_error" });
    return FilterHeadersStatus.stopIteration;
  }

  /** Asks the service; true if its answer is there already and lets the request pass. */
  #ask(body: CheckedBodyData | null, isPartial: boolean): boolean {
    const { client, clusters } = this.#runtime;
    const { streamInfo } = this.decoder;
    this.#cluster = clusterStatsOf(this.decoder, this.#headers, clusters);
    const route = this.decoder.route();
    const subject = {
      headers: this.#headers,
      streamInfo,
      body: body === null ? null : this.#body(body),
      isPartial,
      asBytes: body?.asBytes === true,
      contextExtensions: this.#contextExtensions(),
      routeMetadata: route?.metadata ?? new Map(),
    };
    this.#isCalling = true;
    this.#callMs = this.decoder.timers.clock.nowMs();
    this.#inCall = true;
    const call = client.check(subject, (answer) => this.#onAnswer(answer));
    this.#inCall = false;
    if (this.#isCalling) this.#call = call;
    return this.#gathers === null && !this.#isCalling && !this.#refused;
  }

  #body({ maxBytes }: CheckedBodyData): Buffer {
    const buffered = this.decoder.decodingBuffer();
    const whole = buffered === null ? this.#lastData : Buffer.concat([buffered, this.#lastData]);
    this.#lastData = EMPTY;
    return whole.length > maxBytes ? whole.subarray(0, maxBytes) : whole;
  }

  #contextExtensions(): Readonly<Record<string, string>> {
    const configs = this.decoder.perFilterConfigs() as readonly ExtAuthzRouteData[];
    if (configs.length === 0) return {};
    return Object.assign({}, ...configs.map(({ contextExtensions }) => contextExtensions)) as Record<string, string>;
  }

  // ---- the answer ----

  #onAnswer(answer: AuthzAnswer): void {
    this.#call = null;
    this.#isCalling = false;
    this.#gathers = null;
    const cluster = this.#cluster === null ? null : this.#runtime.clusterStats.of(this.#cluster);
    if (answer.verdict === "error") {
      this.#onError(cluster);
      return;
    }
    if (!isUsable(answer) || !this.#isAllowed(answer)) {
      this.#runtime.stats.invalid.inc();
      this.#refuse({ status: 500, body: "", details: "ext_authz_invalid" }, false);
      return;
    }
    this.#takeMetadata(answer);
    if (answer.verdict === "denied") {
      this.#onDenied(answer, cluster);
      return;
    }
    this.#runtime.stats.ok.inc();
    cluster?.ok.inc();
    this.#changeRequest(answer);
    this.#responseHeaders = answer.responseHeaders;
    this.#goOn();
  }

  /** False if the service wants a change for which the request must fail. */
  #isAllowed(answer: AuthzAnswer & { readonly verdict: "ok" | "denied" }): boolean {
    const rules = this.#runtime.mutationRules;
    if (rules === null || !rules.isError || answer.verdict === "denied") return true;
    return (
      answer.requestHeaders.every((change) => rules.allows(change)) &&
      answer.headersToRemove.every((name) => rules.allowsRemoval(name))
    );
  }

  #changeRequest(answer: AuthzAnswer & { readonly verdict: "ok" }): void {
    const { queryToSet, queryToRemove } = answer;
    const rules = this.#runtime.mutationRules ?? NO_RULES;
    const requestHeaders = answer.requestHeaders.filter((change) => rules.allows(change));
    const headersToRemove = answer.headersToRemove.filter((name) => mayChange(name) && rules.allowsRemoval(name));
    applyChanges(this.#headers, requestHeaders);
    for (const name of headersToRemove) this.#headers.remove(name);
    const changesQuery = queryToSet.length + queryToRemove.length > 0;
    if (changesQuery) this.#headers.path = changeQuery(this.#headers.path, queryToSet, queryToRemove);
    const changes = changesQuery || requestHeaders.length + headersToRemove.length > 0;
    if (changes && this.#runtime.data.clearRouteCache) this.decoder.clearRouteCache();
  }

  #onDenied(
    answer: AuthzAnswer & { readonly verdict: "denied" },
    cluster: ReturnType<AuthzClusterCounters["of"]> | null,
  ): void {
    this.#runtime.stats.denied.inc();
    cluster?.denied.inc();
    if (this.#runtime.data.chargeClusterStats) {
      this.#cluster?.responses.chargeResponse(answer.status, { internal: true, canary: false });
    }
    this.#refuse({
      status: answer.status,
      body: answer.body,
      details: "ext_authz_denied",
      modifyHeaders: (headers) => replaceHeaders(headers, answer.responseHeaders),
    });
  }

  #onError(cluster: ReturnType<AuthzClusterCounters["of"]> | null): void {
    const { data, stats } = this.#runtime;
    stats.error.inc();
    cluster?.error.inc();
    if (!data.failureModeAllow) {
      this.#refuse({ status: data.statusOnError, body: "", details: "ext_authz_error" });
      return;
    }
    stats.failureModeAllowed.inc();
    cluster?.failureModeAllowed.inc();
    if (data.failureModeAllowHeader) this.#headers.add("x-envoy-auth-failure-mode-allowed", "true");
    this.#goOn();
  }

  #takeMetadata(answer: AuthzAnswer & { readonly verdict: "ok" | "denied" }): void {
    if (answer.metadata === null) return;
    if (!this.#runtime.data.takesMetadata) {
      this.#runtime.stats.ignoredDynamicMetadata.inc();
      return;
    }
    const own = this.decoder.streamInfo.metadata(NAMESPACE);
    for (const [key, value] of Object.entries(answer.metadata)) own[key] = value;
    if (answer.verdict === "ok") {
      own.ext_authz_duration = Math.round(this.decoder.timers.clock.nowMs() - this.#callMs);
    }
  }

  #goOn(): void {
    if (!this.#inCall) this.decoder.continueDecoding();
  }

  #refuse(reply: LocalReply, flagged = true): void {
    this.#refused = true;
    if (flagged) this.decoder.streamInfo.setResponseFlag(ResponseFlag.UAEX);
    this.decoder.sendLocalReply(reply);
  }
}

/** Whether everything in an answer can stand in a message. */
function isUsable(answer: AuthzAnswer & { readonly verdict: "ok" | "denied" }): boolean {
  if (!answer.responseHeaders.every(isValidChange)) return false;
  if (answer.verdict === "denied") return answer.status >= 200 && answer.status <= 599;
  const query = answer.queryToSet.flat();
  return (
    answer.requestHeaders.every(isValidChange) && query.every((part) => /^[\x21-\x22\x24-\x25\x27-\xff]*$/.test(part))
  );
}
