import type { RandomSource } from "../../../base/random.ts";
import { FilterHeadersStatus } from "../../../http/filter.ts";
import type { RequestHeaderMap } from "../../../http/header-map.ts";
import { PassThroughFilter } from "../../../http/pass-through-filter.ts";
import { isInFraction } from "../../../route/fraction.ts";
import type { Runtime } from "../../../runtime/runtime.ts";
import type { CsrfPolicy } from "./csrf-policy.ts";
import type { CsrfStats } from "./stats.ts";

/** What the streams of one configured filter on one worker share. */
export interface CsrfRuntime {
  readonly policy: CsrfPolicy;
  readonly stats: CsrfStats;
  readonly random: RandomSource;
  readonly values: Runtime;
}

/** Methods that change something. */
const MODIFYING: ReadonlySet<string> = new Set(["POST", "PUT", "DELETE", "PATCH"]);

/**
 * Answers requests that change something with 403 if they come from another origin (`origin`, else `referer`) than
 * that which they go to. Source: Envoy's `CsrfFilter`.
 */
export class CsrfFilter extends PassThroughFilter {
  readonly #runtime: CsrfRuntime;

  constructor(runtime: CsrfRuntime) {
    super();
    this.#runtime = runtime;
  }

  override decodeHeaders(headers: RequestHeaderMap): FilterHeadersStatus {
    if (!MODIFYING.has(headers.method)) return FilterHeadersStatus.continue;
    const { random, stats, values } = this.#runtime;
    const policy = (this.decoder.perFilterConfig() as CsrfPolicy | undefined) ?? this.#runtime.policy;
    const enabled = isInFraction(values.share(policy.enabled), random.uint32());
    if (!enabled && !isInFraction(values.share(policy.shadowEnabled), random.uint32()))
      return FilterHeadersStatus.continue;
    const source = sourceOrigin(headers);
    if (source === "") stats.missingSourceOrigin.inc();
    if (source !== "" && isAllowed(source, headers, policy)) {
      stats.requestValid.inc();
      return FilterHeadersStatus.continue;
    }
    stats.requestInvalid.inc();
    if (!enabled) return FilterHeadersStatus.continue;
    this.decoder.sendLocalReply({ status: 403, body: "Invalid origin", details: "csrf_origin_mismatch" });
    return FilterHeadersStatus.stopIteration;
  }
}

function isAllowed(source: string, headers: RequestHeaderMap, policy: CsrfPolicy): boolean {
  if (source === headers.authority) return true;
  return policy.additionalOrigins.some((matcher) => matcher.matches(source));
}

/** `host:port` that the request came from; `""` if the client does not say. */
function sourceOrigin(headers: RequestHeaderMap): string {
  const origin = hostAndPort(headers.get("origin"));
  return origin === "" ? hostAndPort(headers.get("referer")) : origin;
}

function hostAndPort(value: string | undefined): string {
  if (value === undefined || value === "null") return "";
  const scheme = value.indexOf("://");
  if (scheme === -1) return value;
  const end = value.slice(scheme + 3).search(/[/?#]/);
  return end === -1 ? value.slice(scheme + 3) : value.slice(scheme + 3, scheme + 3 + end);
}
