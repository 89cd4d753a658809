import type { RandomSource } from "../../base/random.ts";
import type { TimerWheel, WheelTimer } from "../../base/timer-wheel.ts";
import { HostMonitor, type RateKind } from "./host-monitor.ts";
import { OutlierCell, type OutlierGrant, OutlierMemory } from "./outlier-cells.ts";
import type { ConsecutiveType, EjectionType, OutlierDetectionData } from "./outlier-data.ts";
import { type OutlierEvent, outlierEventJson } from "./outlier-event.ts";
import type { OutlierStats } from "./outlier-stats.ts";
import { NO_THRESHOLD, type RateThreshold, rateThreshold } from "./success-rates.ts";

/** What a detector works with. */
export interface OutlierDetectorOptions {
  readonly cluster: string;
  readonly timers: TimerWheel;
  readonly random: RandomSource;
  readonly stats: OutlierStats;
  /** Writes a line to the event log; null = there is none. */
  readonly log: ((event: object) => void) | null;
  /** A host is not to be used, or may be again. */
  onEjected(address: string, ejected: boolean): void;
}

/** An ejected host, for people. */
export interface Ejection {
  readonly address: string;
  readonly reason: EjectionType;
  readonly sinceMs: number;
  readonly endsInMs: number;
  readonly times: number;
}

const CONSECUTIVE_CELLS: Readonly<Record<ConsecutiveType, number>> = {
  CONSECUTIVE_5XX: OutlierCell.consecutive5xx,
  CONSECUTIVE_GATEWAY_FAILURE: OutlierCell.consecutiveGatewayFailure,
  CONSECUTIVE_LOCAL_ORIGIN_FAILURE: OutlierCell.consecutiveLocalOriginFailure,
};
const RATE_TYPES: Readonly<Record<RateKind, readonly [rate: EjectionType, percentage: EjectionType]>> = {
  external: ["SUCCESS_RATE", "FAILURE_PERCENTAGE"],
  local: ["SUCCESS_RATE_LOCAL_ORIGIN", "FAILURE_PERCENTAGE_LOCAL_ORIGIN"],
};

/**
 * Outlier detection of one cluster: decides, once for the whole process, which hosts are kept from requests for a while because of what
 * workers counted of them. What it knows of a host survives changes of all else. Main thread. Source: Envoy's `DetectorImpl`.
 */
export class OutlierDetector {
  #data: OutlierDetectionData;
  readonly #options: OutlierDetectorOptions;
  readonly #memory = new OutlierMemory();
  readonly #hosts = new Map<string, HostMonitor>();
  readonly #timer: WheelTimer;
  #thresholds: Record<RateKind, RateThreshold> = { external: NO_THRESHOLD, local: NO_THRESHOLD };
  #active = 0;

  constructor(data: OutlierDetectionData, options: OutlierDetectorOptions) {
    this.#data = data;
    this.#options = options;
    this.#timer = options.timers.timer(() => this.#onInterval());
    this.#timer.arm(data.intervalMs);
  }

  /** Takes other settings; hosts that are ejected stay so until their time is over. */
  setData(data: OutlierDetectionData): void {
    if (data.intervalMs !== this.#data.intervalMs) this.#timer.arm(data.intervalMs);
    this.#data = data;
  }

  /** These are the cluster's hosts. */
  update(addresses: Iterable<string>): void {
    const gone = new Set(this.#hosts.keys());
    for (const address of addresses) {
      gone.delete(address);
      if (!this.#hosts.has(address)) this.#hosts.set(address, new HostMonitor(this.#memory.grant()));
    }
    for (const address of gone) {
      const monitor = this.#hosts.get(address)!;
      if (monitor.ejectedFor !== null) this.#setActive(this.#active - 1);
      this.#memory.release(monitor.grant);
      this.#hosts.delete(address);
    }
  }

  /** Where the workers count what becomes of requests to the host. */
  grantOf(address: string): OutlierGrant | undefined {
    return this.#hosts.get(address)?.grant;
  }

  isEjected(address: string): boolean {
    return (this.#hosts.get(address)?.ejectedFor ?? null) !== null;
  }

  /** A worker has seen so many failures in a row. Nothing happens if the host is gone or ejected by now. */
  onTripped(address: string, type: ConsecutiveType): void {
    const monitor = this.#hosts.get(address);
    if (monitor === undefined || monitor.ejectedFor !== null) return;
    this.#found(address, monitor, type);
    if (type === "CONSECUTIVE_5XX") this.#options.stats.consecutive5xx.inc();
    // Without an answer that does well in between, too, the next so many failures count again.
    monitor.cells.reset(CONSECUTIVE_CELLS[type]);
  }

  /** An active health check has found the host healthy. */
  onCheckPassed(address: string): void {
    const monitor = this.#hosts.get(address);
    if (!this.#data.passedCheckUnejects || monitor === undefined || monitor.ejectedFor === null) return;
    this.#uneject(address, monitor);
  }

  /** The cluster has no outlier detection any more. */
  close(): void {
    this.#timer.disarm();
    for (const [address, { ejectedFor }] of this.#hosts)
      if (ejectedFor !== null) this.#options.onEjected(address, false);
    this.#hosts.clear();
    this.#setActive(0);
    this.#options.stats.release();
  }

  /** What all hosts say together, in percent; -1 = too few. */
  get thresholds(): Readonly<Record<RateKind, RateThreshold>> {
    return this.#thresholds;
  }

  /** Percent of the host's requests that did well in the last interval; -1 = too few. */
  ratesOf(address: string): Readonly<Record<RateKind, number>> {
    return this.#hosts.get(address)?.rates ?? { external: -1, local: -1 };
  }

  /** The hosts that are ejected. */
  *ejections(): Generator<Ejection> {
    const nowMs = this.#options.timers.clock.nowMs();
    for (const [address, monitor] of this.#hosts) {
      if (monitor.ejectedFor === null) continue;
      const sinceMs = nowMs - monitor.ejectedAtMs!;
      const endsInMs = Math.max(0, this.#ejectionMs(monitor) - sinceMs);
      yield { address, reason: monitor.ejectedFor, sinceMs, endsInMs, times: monitor.ejections };
    }
  }

  #onInterval(): void {
    const nowMs = this.#options.timers.clock.nowMs();
    this.#timer.arm(this.#data.intervalMs);
    for (const [address, monitor] of this.#hosts) {
      if (monitor.ejectedFor !== null && nowMs - monitor.ejectedAtMs! >= this.#ejectionMs(monitor)) {
        this.#uneject(address, monitor);
      }
      monitor.endInterval();
    }
    this.#judgeRates("external");
    this.#judgeRates("local");
    for (const monitor of this.#hosts.values()) {
      if (monitor.ejectedFor !== null || monitor.unejectedAtMs === null || monitor.backOff === 0) continue;
      if (nowMs - monitor.unejectedAtMs >= this.#data.intervalMs) monitor.backOff--;
    }
  }

  #ejectionMs({ backOff, jitterMs }: HostMonitor): number {
    const { baseEjectionTimeMs, maxEjectionTimeMs } = this.#data;
    return Math.min(baseEjectionTimeMs * backOff, maxEjectionTimeMs) + jitterMs;
  }

  /** Compares what hosts did in the last interval, with each other and with the limit. */
  #judgeRates(kind: RateKind): void {
    const data = this.#data;
    this.#thresholds[kind] = NO_THRESHOLD;
    if (this.#hosts.size < Math.min(data.successRateMinimumHosts, data.failurePercentageMinimumHosts)) return;
    const forRate: [string, HostMonitor, number][] = [];
    const forPercentage: [string, HostMonitor, number][] = [];
    for (const [address, monitor] of this.#hosts) {
      const last = monitor.ejectedFor === null ? monitor.last(kind) : null;
      if (last === null) continue;
      const entry: [string, HostMonitor, number] = [address, monitor, last.rate];
      if (last.volume >= data.successRateRequestVolume) forRate.push(entry);
      if (last.volume >= data.failurePercentageRequestVolume) forPercentage.push(entry);
      if (last.volume >= Math.min(data.successRateRequestVolume, data.failurePercentageRequestVolume)) {
        monitor.rates[kind] = last.rate;
      }
    }
    const [rateType, percentageType] = RATE_TYPES[kind];
    if (forRate.length > 0 && forRate.length >= data.successRateMinimumHosts) {
      const limit = rateThreshold(
        forRate.map(([, , rate]) => rate),
        data.successRateStdevFactor,
      );
      this.#thresholds[kind] = limit;
      for (const [address, monitor, rate] of forRate) {
        if (rate >= limit.threshold) continue;
        this.#options.stats.successRate.inc();
        this.#found(address, monitor, rateType);
      }
    }
    if (forPercentage.length === 0 || forPercentage.length < data.failurePercentageMinimumHosts) return;
    for (const [address, monitor, rate] of forPercentage) {
      // Differs from Envoy: a host that was ejected for its success rate a moment ago is not ejected once more.
      if (monitor.ejectedFor !== null) continue;
      if (100 - rate >= data.failurePercentageThreshold) this.#found(address, monitor, percentageType);
    }
  }

  /** Ejects a host that was found out, as far as that is allowed. */
  #found(address: string, monitor: HostMonitor, type: EjectionType): void {
    const { stats, random, timers } = this.#options;
    const data = this.#data;
    stats.countDetected(type);
    const percent = (100 * (this.#active + 1)) / this.#hosts.size;
    if (percent > data.maxEjectionPercent && !(data.alwaysEjectsOneHost && this.#active === 0)) {
      stats.overflow.inc();
      return;
    }
    if (type === "CONSECUTIVE_5XX" || type === "SUCCESS_RATE") stats.total.inc();
    const enforced = random.uint32() % 100 < data.enforcing[type];
    if (enforced) {
      this.#setActive(this.#active + 1);
      stats.countEnforced(type);
      monitor.eject(type, timers.clock.nowMs());
      monitor.jitterMs = random.uint32() % (data.maxEjectionTimeJitterMs + 1);
      if (monitor.backOff * data.baseEjectionTimeMs < data.maxEjectionTimeMs + data.baseEjectionTimeMs)
        monitor.backOff++;
      this.#options.onEjected(address, true);
    }
    this.#log(address, monitor, { type: "EJECT", for: type, enforced, thresholds: this.#thresholds });
  }

  #uneject(address: string, monitor: HostMonitor): void {
    this.#setActive(this.#active - 1);
    monitor.uneject(this.#options.timers.clock.nowMs());
    this.#options.onEjected(address, false);
    this.#log(address, monitor, { type: "UNEJECT" });
  }

  #setActive(count: number): void {
    this.#active = count;
    this.#options.stats.active.set(count);
  }

  #log(address: string, monitor: HostMonitor, action: OutlierEvent["action"]): void {
    const { cluster, timers, log } = this.#options;
    if (log === null) return;
    const { clock } = timers;
    const event = { cluster, address, monitor, nowMs: clock.nowMs(), wallMs: clock.wallMs(), action };
    log(outlierEventJson(event));
  }
}
