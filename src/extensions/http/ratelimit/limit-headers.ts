import { wireText } from "../../../match/wire-text.ts";
import {
  type RateLimitResponse_DescriptorStatus,
  RateLimitResponse_RateLimit_Unit as Unit,
} from "../../../proto/gen/envoy/service/ratelimit/v3/rls_pb.js";
import { type HeaderChange, isValidChange } from "../../header-change.ts";

const DAY_S = 24 * 60 * 60;
const WINDOWS_S: Readonly<Record<Unit, number>> = {
  [Unit.UNKNOWN]: 0,
  [Unit.SECOND]: 1,
  [Unit.MINUTE]: 60,
  [Unit.HOUR]: 60 * 60,
  [Unit.DAY]: DAY_S,
  [Unit.MONTH]: 30 * DAY_S,
  [Unit.YEAR]: 365 * DAY_S,
};

/**
 * `x-ratelimit-limit`, `-remaining` and `-reset` for the limit that is nearest, with all limits listed behind it. Source: Envoy's
 * `XRateLimitHeaderUtils`, after draft-polli-ratelimit-headers-03.
 */
export function limitHeaders(statuses: readonly RateLimitResponse_DescriptorStatus[]): HeaderChange[] {
  let nearest: RateLimitResponse_DescriptorStatus | undefined;
  let policy = "";
  for (const status of statuses) {
    const limit = status.currentLimit;
    if (limit === undefined) continue;
    if (nearest === undefined || status.limitRemaining < nearest.limitRemaining) nearest = status;
    const windowS = WINDOWS_S[limit.unit] ?? 0;
    if (windowS === 0) continue;
    policy += `, ${limit.requestsPerUnit};w=${windowS}`;
    if (limit.name !== "") policy += `;name="${wireText(limit.name)}"`;
  }
  if (nearest === undefined) return [];
  const headers: HeaderChange[] = [
    { name: "x-ratelimit-limit", value: `${nearest.currentLimit!.requestsPerUnit}${policy}`, action: "add" },
    { name: "x-ratelimit-remaining", value: String(nearest.limitRemaining), action: "add" },
    { name: "x-ratelimit-reset", value: String(nearest.durationUntilReset?.seconds ?? 0n), action: "add" },
  ];
  return headers.filter(isValidChange);
}
