/** `preconnect_policy` of a cluster: for how many streams there are to be connections, for each that there is. From 1 to 3; 1 = off. */
export interface PreconnectData {
  /** At each host that has some. */
  readonly perUpstreamRatio: number;
  /** Over all hosts: connections are opened to those that will be picked next, too. */
  readonly predictiveRatio: number;
}

/** How many connections one event may open; enough for a pool that has to catch up, no flood. As in Envoy. */
export const OPEN_AT_ONCE_LIMIT = 3;

/** Streams and connections of some pools. */
export interface Connectivity {
  readonly pending: number;
  readonly active: number;
  /** Streams that the connections there are, or are being opened, could take beside the active ones. */
  readonly unused: number;
}

/**
 * Whether `streams` (and as many more as `ratio` says) need another connection. `anticipated`: streams that are about to come. Source:
 * Envoy's `ConnPoolImplBase::shouldConnect`.
 */
export function needsConnection(streams: Connectivity, ratio: number, anticipated: 0 | 1): boolean {
  const { pending, active, unused } = streams;
  return (pending + active + anticipated) * ratio > unused + active;
}

/**
 * The streams and connections of all pools of a cluster on one worker, for `predictive_preconnect_ratio`.
 * Differs from Envoy: there, those of all clusters of the worker are one sum.
 */
export class ClusterConnectivity implements Connectivity {
  pending = 0;
  active = 0;
  unused = 0;

  /** A pool has changed from `before`, which is brought to `now`. */
  note(before: { -readonly [K in keyof Connectivity]: number }, now: Connectivity): void {
    const { pending, active, unused } = now;
    this.pending += pending - before.pending;
    this.active += active - before.active;
    this.unused += unused - before.unused;
    before.pending = pending;
    before.active = active;
    before.unused = unused;
  }

  /** A stream is about to come: opens connections for those after it. `open` answers whether there may be another one. */
  preconnect(ratio: number, open: () => boolean): void {
    for (let opened = 0; opened < OPEN_AT_ONCE_LIMIT; opened++) {
      if (!needsConnection(this, ratio, 1) || !open()) return;
    }
  }
}
