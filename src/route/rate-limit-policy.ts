import type { RandomSource } from "../base/random.ts";
import type { RequestHeaderMap } from "../http/header-map.ts";
import type { StreamInfo } from "../http/stream-info.ts";
import { HeaderMatcher, matchesAllHeaders } from "../match/header-matcher.ts";
import { ipText, maskIp, parseIp } from "../match/ip-address.ts";
import { type MetadataPath, metadataAt } from "../match/metadata-path.ts";
import { QueryParameterMatcher } from "../match/query-parameter-matcher.ts";
import { wireText } from "../match/wire-text.ts";
import type { Runtime, RuntimeShareData } from "../runtime/runtime.ts";
import { isInFraction } from "./fraction.ts";
import type { RateLimitActionData, RateLimitData } from "./rate-limit-data.ts";

/** Part of a descriptor. Key and value are wire text: a character per byte. */
export interface RateLimitEntry {
  readonly key: string;
  readonly value: string;
}

/** Envoy's names of the units of time that a limit may be given for. */
const RATE_LIMIT_UNITS = ["UNKNOWN", "SECOND", "MINUTE", "HOUR", "DAY", "MONTH", "YEAR"] as const;
export type RateLimitUnit = (typeof RATE_LIMIT_UNITS)[number];

/** What a request is counted under. */
export interface RateLimitDescriptor {
  readonly entries: readonly RateLimitEntry[];
  /** What metadata of the request asks for in place of the service's own limit; null = nothing. */
  readonly limit: { readonly requestsPerUnit: number; readonly unit: RateLimitUnit } | null;
}

/** What descriptors are made of. */
export interface RateLimitedRequest {
  readonly headers: RequestHeaderMap;
  readonly streamInfo: StreamInfo;
  /** Name of the cluster that the request's route leads to. */
  readonly clusterName: string;
  /** What decides over entries with a `disable_key`; null: they do not count, as for Envoy's local rate limit. */
  readonly switches: RateLimitSwitches | null;
}

/** Where a `disable_key` is looked up. */
export interface RateLimitSwitches {
  readonly values: Runtime;
  readonly random: RandomSource;
}

/** An entry; `skip` = the descriptor goes on without it; null = there is no descriptor. */
type ActionResult = RateLimitEntry | "skip" | null;
type Action = (request: RateLimitedRequest) => ActionResult;

interface Entry {
  readonly stage: number;
  /** Null: nothing can switch it off. */
  readonly enabled: RuntimeShareData | null;
  readonly actions: readonly Action[];
  readonly limitFrom: MetadataPath | null;
}

/** The `rate_limits` of a route or virtual host: makes descriptors of requests. Immutable. Source: Envoy's `RateLimitPolicyImpl`. */
export class RateLimitPolicy {
  static readonly none: RateLimitPolicy = new RateLimitPolicy([]);
  readonly #entries: readonly Entry[];

  private constructor(data: readonly RateLimitData[]) {
    this.#entries = data.map(({ stage, disableKey, actions, limitFrom }) => ({
      stage,
      enabled:
        disableKey === ""
          ? null
          : { numerator: 100, denominator: 100, runtimeKey: `ratelimit.${disableKey}.http_filter_enabled` },
      actions: actions.map(createAction),
      limitFrom,
    }));
  }

  /** The policy of checked data. */
  static of(data: readonly RateLimitData[]): RateLimitPolicy {
    return data.length === 0 ? RateLimitPolicy.none : new RateLimitPolicy(data);
  }

  /** Whether it has no descriptor for any stage. */
  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  /** Adds the descriptors of one stage (0–10) for `request` to `into`. One whose action finds nothing is left out. */
  addDescriptors(stage: number, request: RateLimitedRequest, into: RateLimitDescriptor[]): void {
    for (const entry of this.#entries) {
      if (entry.stage !== stage || !isOn(entry.enabled, request.switches)) continue;
      const entries = entriesOf(entry.actions, request);
      if (entries.length > 0) into.push({ entries, limit: limitOf(entry.limitFrom, request) });
    }
  }
}

function isOn(enabled: RuntimeShareData | null, switches: RateLimitSwitches | null): boolean {
  if (enabled === null) return true;
  return switches !== null && isInFraction(switches.values.share(enabled), switches.random.uint32());
}

function entriesOf(actions: readonly Action[], request: RateLimitedRequest): RateLimitEntry[] {
  const entries: RateLimitEntry[] = [];
  for (const action of actions) {
    const result = action(request);
    if (result === null) return [];
    if (result !== "skip") entries.push(result);
  }
  return entries;
}

function createAction(data: RateLimitActionData): Action {
  switch (data.type) {
    case "constant": {
      const entry = { key: data.key, value: data.value };
      return () => entry;
    }
    case "destinationCluster":
      return ({ clusterName }) => ({ key: "destination_cluster", value: clusterName });
    case "header": {
      const { name, key, skipIfAbsent } = data;
      const absent = skipIfAbsent ? "skip" : null;
      return ({ headers }) => {
        // Envoy: only the first value counts.
        const value = headers.has(name) ? headers.get(name) : headers.lookup(name);
        return value === undefined ? absent : { key, value };
      };
    }
    case "remoteAddress":
      return ({ streamInfo }) => {
        const ip = streamInfo.downstreamRemoteIp;
        return parseIp(ip) === null ? null : { key: "remote_address", value: ip };
      };
    case "maskedRemoteAddress":
      return ({ streamInfo }) => maskedAddress(streamInfo.downstreamRemoteIp, data.v4Bits, data.v6Bits);
    case "headerMatch": {
      const { key, value, expectMatch } = data;
      const matchers = data.headers.map((matcher) => new HeaderMatcher(matcher));
      return ({ headers }) => (matchesAllHeaders(matchers, headers) === expectMatch ? { key, value } : null);
    }
    case "queryMatch": {
      const { key, value, expectMatch } = data;
      const matchers = data.parameters.map((matcher) => new QueryParameterMatcher(matcher));
      return ({ headers }) => {
        const matches = matchers.every((matcher) => matcher.matchesDecoded(headers.path));
        return matches === expectMatch ? { key, value } : null;
      };
    }
    case "metadata":
      return createMetadataAction(data);
  }
}

function createMetadataAction(data: Extract<RateLimitActionData, { type: "metadata" }>): Action {
  const { key, path, source, defaultValue } = data;
  const absent = data.skipIfAbsent ? "skip" : null;
  return ({ streamInfo }) => {
    const found = metadataAt(source === "route" ? streamInfo.routeMetadata : streamInfo.dynamicMetadata, path);
    const value = typeof found === "string" && found !== "" ? wireText(found) : defaultValue;
    return value === "" ? absent : { key, value };
  };
}

function maskedAddress(ip: string, v4Bits: number, v6Bits: number): RateLimitEntry | null {
  const bytes = parseIp(ip);
  if (bytes === null) return null;
  const bits = bytes.length === 4 ? v4Bits : v6Bits;
  return { key: "masked_remote_address", value: `${ipText(maskIp(bytes, bits))}/${bits}` };
}

/** Envoy: an override that is incomplete or wrong counts as none. */
function limitOf(from: MetadataPath | null, { streamInfo }: RateLimitedRequest): RateLimitDescriptor["limit"] {
  if (from === null) return null;
  const value = metadataAt(streamInfo.dynamicMetadata, from);
  if (typeof value !== "object" || value === null) return null;
  const { requests_per_unit: requestsPerUnit, unit } = value as { requests_per_unit?: unknown; unit?: unknown };
  const known = RATE_LIMIT_UNITS.find((name) => name === unit);
  if (typeof requestsPerUnit !== "number" || !isUint32(requestsPerUnit) || known === undefined) return null;
  return { requestsPerUnit, unit: known };
}

function isUint32(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff;
}
