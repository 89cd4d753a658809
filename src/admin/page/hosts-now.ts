import { duration } from "./format.ts";

/** A cluster as `/membership?format=json` tells it. */
export interface MembershipCluster {
  readonly cluster: string;
  readonly hosts: number;
  readonly flagged_hosts: readonly FlaggedHost[];
  readonly outlier?: { readonly ejections: readonly Ejection[] };
}

interface FlaggedHost {
  readonly address: string;
  readonly flags: readonly string[];
  /** Since when the check fails; null if it has not been checked. */
  readonly failing_for_ms?: number | null;
  /** Why the last check failed. */
  readonly why?: string;
}

interface Ejection {
  readonly address: string;
  readonly reason: string;
  readonly since_ms: number;
  readonly ends_in_ms: number;
}

/** So many hosts are named; of the rest only the number is told. */
const MAX_NAMED = 5;

/** A host that gets no requests, and why. */
export interface HostOutOfUse {
  readonly address: string;
  /** Empty if nobody says. */
  readonly why: string;
}

/** The hosts of a cluster that are out of use at the moment, those that outlier detection has ejected first. A host may be there for two reasons. */
export function hostsOutOfUse({ flagged_hosts: flagged, outlier }: MembershipCluster): readonly HostOutOfUse[] {
  const ejections = outlier?.ejections ?? [];
  const ejected = new Set(ejections.map(({ address }) => address));
  const failing = flagged.filter(({ address, flags }) => !ejected.has(address) || flags.includes("failed_active_hc"));
  return [
    ...ejections.map((each) => ({ address: each.address, why: ejectionText(each) })),
    ...failing.map((each) => ({ address: each.address, why: failingText(each) })),
  ];
}

/** Which hosts of a cluster are out of use at the moment, since when and why, in a sentence; `""` if there are none. */
export function hostsNow(cluster: MembershipCluster): string {
  const { hosts } = cluster;
  const all = hostsOutOfUse(cluster);
  const texts = all.filter(({ why }) => why !== "").map(({ address, why }) => `${address} ${why}`);
  if (texts.length === 0) return "";
  const out = new Set(all.map(({ address }) => address)).size;
  const more = texts.length > MAX_NAMED ? [`${texts.length - MAX_NAMED} more`] : [];
  return `${out} of ${hosts} ${hosts === 1 ? "host" : "hosts"} ${out === 1 ? "is" : "are"} out of use: ${[...texts.slice(0, MAX_NAMED), ...more].join("; ")}.`;
}

function ejectionText({ reason, since_ms, ends_in_ms }: Ejection): string {
  const back = ends_in_ms > 0 ? `, back in ${duration(ends_in_ms)}` : "";
  return `ejected by outlier detection ${duration(since_ms)} ago (${reason}${back})`;
}

function failingText({ flags, failing_for_ms: forMs, why }: FlaggedHost): string {
  const because = why === undefined || why === "" ? "" : `: ${why}`;
  if (flags.includes("pending_active_hc")) return "not checked yet";
  if (!flags.includes("failed_active_hc")) return "";
  const since = forMs === undefined || forMs === null ? "" : ` for ${duration(forMs)}`;
  return `failing health checks${since}${because}`;
}
