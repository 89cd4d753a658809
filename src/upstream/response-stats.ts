import type { Counter, Histogram, StatsScope } from "../stats/scope.ts";

/** Of one cluster on one worker: requests choose them by a header. */
const LARGEST_ALTERNATIVES = 64;
const CLASS_NAMES = ["", "upstream_rq_1xx", "upstream_rq_2xx", "upstream_rq_3xx", "upstream_rq_4xx", "upstream_rq_5xx"];

/** `upstream_rq_completed`, `_<N>xx`, `_<code>` and `_time` below one scope; each is made when first counted. */
export class ResponseCounters {
  readonly #scope: StatsScope;
  #completed: Counter | undefined;
  #time: Histogram | undefined;
  /** Indexed by the status' first digit. */
  readonly #classes: (Counter | undefined)[] = [];
  /** Indexed by `status - 100`. */
  readonly #codes: (Counter | undefined)[] = [];

  constructor(scope: StatsScope) {
    this.#scope = scope;
  }

  /** `withCode` false: only as completed. */
  count(status: number, withCode = true): void {
    this.#completed ??= this.#scope.counter("upstream_rq_completed");
    this.#completed.inc();
    if (!withCode || status < 100 || status > 599) return;
    const digit = (status / 100) | 0;
    let ofClass = this.#classes[digit];
    if (ofClass === undefined) {
      ofClass = this.#scope.counter(CLASS_NAMES[digit]!);
      this.#classes[digit] = ofClass;
    }
    ofClass.inc();
    let ofCode = this.#codes[status - 100];
    if (ofCode === undefined) {
      ofCode = this.#scope.counter(`upstream_rq_${status}`);
      this.#codes[status - 100] = ofCode;
    }
    ofCode.inc();
  }

  time(durationMs: number): void {
    this.#time ??= this.#scope.histogram("upstream_rq_time", "ms");
    this.#time.record(durationMs);
  }
}

/** What decides under which names a response is counted, beside the plain ones. */
export interface ResponseTraits {
  /** The request came from a trusted internal peer (`x-envoy-internal: true`): `internal.`, else `external.`. */
  readonly internal: boolean;
  /** The host or the response (`x-envoy-upstream-canary: true`) is a canary: `canary.`. */
  readonly canary: boolean;
}

/**
 * Counts the responses of one cluster by status. Handles are kept per code, so that counting builds no strings.
 * Source: Envoy's `Http::CodeStatsImpl`.
 */
export class ResponseStats {
  readonly #scope: StatsScope;
  readonly #plain: ResponseCounters;
  #internal: ResponseCounters | undefined;
  #external: ResponseCounters | undefined;
  #canary: ResponseCounters | undefined;
  #retry: ResponseCounters | undefined;
  readonly #alternatives = new Map<string, ResponseStats>();
  readonly #zones = new Map<string, Map<string, ResponseCounters>>();

  constructor(scope: StatsScope) {
    this.#scope = scope;
    this.#plain = new ResponseCounters(scope);
  }

  /**
   * Counts the final response of a request, also one that the proxy made itself. Statuses outside 100–599, and all without
   * `withCode`, count as completed only.
   */
  chargeResponse(status: number, traits: ResponseTraits, withCode = true): void {
    this.#plain.count(status, withCode);
    this.#origin(traits.internal).count(status, withCode);
    if (traits.canary) this.#canaryCounters().count(status, withCode);
  }

  /** The same counters once more below `<name>.`, for requests that want that; undefined for more names than there may be. */
  alternative(name: string): ResponseStats | undefined {
    let stats = this.#alternatives.get(name);
    if (stats === undefined && this.#alternatives.size < LARGEST_ALTERNATIVES) {
      stats = new ResponseStats(this.#scope.scope(name));
      this.#alternatives.set(name, stats);
    }
    return stats;
  }

  /** Records from the request fully received to the response fully sent. */
  chargeTime(durationMs: number, traits: ResponseTraits): void {
    this.#plain.time(durationMs);
    this.#origin(traits.internal).time(durationMs);
    if (traits.canary) this.#canaryCounters().time(durationMs);
  }

  /** Counts a response that was discarded for a retry, under `retry.`; not in the main ones. */
  chargeRetriedResponse(status: number, withCode = true): void {
    this.#retry ??= new ResponseCounters(this.#scope.scope("retry"));
    this.#retry.count(status, withCode);
  }

  /** Counters under `zone.<from>.<to>.`; undefined if either zone is unknown (`""`). */
  zone(fromZone: string, toZone: string): ResponseCounters | undefined {
    if (fromZone === "" || toZone === "") return undefined;
    let byTarget = this.#zones.get(fromZone);
    if (byTarget === undefined) {
      byTarget = new Map();
      this.#zones.set(fromZone, byTarget);
    }
    let counters = byTarget.get(toZone);
    if (counters === undefined) {
      counters = new ResponseCounters(this.#scope.scope(`zone.${fromZone}.${toZone}`));
      byTarget.set(toZone, counters);
    }
    return counters;
  }

  #origin(internal: boolean): ResponseCounters {
    if (internal) {
      this.#internal ??= new ResponseCounters(this.#scope.scope("internal"));
      return this.#internal;
    }
    this.#external ??= new ResponseCounters(this.#scope.scope("external"));
    return this.#external;
  }

  #canaryCounters(): ResponseCounters {
    this.#canary ??= new ResponseCounters(this.#scope.scope("canary"));
    return this.#canary;
  }
}
