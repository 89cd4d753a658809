/** A failure as `/explain/last?format=json` tells it; see `docs/inspect.md`. */
export interface Failure {
  readonly at_ms: number;
  readonly worker: string;
  readonly flags: readonly string[];
  readonly status: number;
  readonly details: string;
  readonly reason: string;
  readonly protocol: string;
  readonly method: string;
  readonly authority: string;
  readonly path: string;
  readonly request_id: string;
  readonly peer: string;
  readonly connection_id: number;
  readonly virtual_host: string;
  readonly route: string;
  readonly cluster: string;
  readonly host: string;
  readonly attempts: readonly { readonly host: string; readonly reason: string; readonly ended_ms: number }[];
  readonly request_complete_ms: number;
  readonly upstream_connected_ms: number;
  readonly upstream_sent_ms: number;
  readonly upstream_first_byte_ms: number;
  readonly response_first_byte_ms: number;
  readonly total_ms: number;
}

/** Failures for the same reason, newest first. */
export interface FailureGroup {
  readonly key: string;
  readonly failures: readonly [Failure, ...Failure[]];
}

/** Puts together what failed for the same reason; the group with the newest failure comes first. `failures`: newest first. */
export function groupFailures(failures: readonly Failure[]): FailureGroup[] {
  const groups = new Map<string, [Failure, ...Failure[]]>();
  for (const failure of failures) {
    const key = [failure.cluster, failure.status, failure.flags.join(","), failure.reason].join("\n");
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [failure]);
    else group.push(failure);
  }
  return [...groups].map(([key, grouped]) => ({ key, failures: grouped }));
}
