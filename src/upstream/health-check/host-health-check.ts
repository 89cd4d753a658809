import type { RandomSource } from "../../base/random.ts";
import type { TimerWheel, WheelTimer } from "../../base/timer-wheel.ts";
import { HealthFlag } from "../membership/health-flag.ts";
import { checkIntervalMs, type HealthTransition, initialDelayMs } from "./check-interval.ts";
import type { HealthCheckData } from "./health-check-data.ts";
import type { HealthCheckStats } from "./health-check-stats.ts";
import type { CheckFailureType, Probe, ProbeResult } from "./probe.ts";

/** Something about a host that the event log shows, in Envoy's words. */
export type CheckEvent =
  | { readonly type: "eject_unhealthy_event"; readonly failure: CheckFailureType }
  | { readonly type: "add_healthy_event"; readonly firstCheck: boolean }
  | { readonly type: "health_check_failure_event"; readonly failure: CheckFailureType; readonly firstCheck: boolean }
  | { readonly type: "successful_health_check_event" }
  | { readonly type: "degraded_healthy_host" }
  | { readonly type: "no_longer_degraded_host" };

/** What a host's check works with. */
export interface HostHealthCheckOptions {
  readonly data: HealthCheckData;
  readonly timers: TimerWheel;
  readonly random: RandomSource;
  readonly stats: HealthCheckStats;
  /** Whether the cluster has ever had an upstream connection. */
  hasTraffic(): boolean;
  makeProbe(onResult: (result: ProbeResult) => void): Probe;
  /** A check is over: `flags` may have changed. */
  onChecked(healthy: boolean): void;
  onEvent(event: CheckEvent): void;
}

/**
 * The state machine of one host: when it is checked, and what its answers make of it. A new host counts as failed until its first
 * check, whose result takes effect whatever the thresholds. Source: Envoy's `ActiveHealthCheckSession`.
 */
export class HostHealthCheck {
  readonly #options: HostHealthCheckOptions;
  readonly #probe: Probe;
  readonly #interval: WheelTimer;
  readonly #timeout: WheelTimer;
  #flags: number = HealthFlag.failedActiveHc | HealthFlag.pendingActiveHc;
  #firstCheck = true;
  #unhealthyCount = 0;
  #healthyCount = 0;
  #startedMs = 0;
  #why = "";
  /** When it first failed since it was last well; -1 if the last check went well. */
  #failingSinceMs = -1;
  #closed = false;

  constructor(options: HostHealthCheckOptions) {
    this.#options = options;
    this.#probe = options.makeProbe((result) => this.#onResult(result));
    this.#interval = options.timers.timer(() => this.#check());
    this.#timeout = options.timers.timer(() => this.#onTimeout());
  }

  /** Bits of `HealthFlag`. */
  get flags(): number {
    return this.#flags;
  }

  /** Whether the first check is over. */
  get isChecked(): boolean {
    return !this.#firstCheck;
  }

  /** Why the last check failed, and for how long all have; undefined if it went well or there was none. */
  get trouble(): { readonly why: string; readonly failingForMs: number } | undefined {
    if (this.#failingSinceMs < 0) return undefined;
    return { why: this.#why, failingForMs: this.#options.timers.clock.nowMs() - this.#failingSinceMs };
  }

  /** Begins, with what the host's check was before its settings changed if there was one. Call it once. */
  start(before?: HostHealthCheck): void {
    if (before?.isChecked === true) {
      this.#flags = before.#flags;
      this.#why = before.#why;
      this.#failingSinceMs = before.#failingSinceMs;
      this.#firstCheck = false;
    }
    if (this.#has(HealthFlag.pendingActiveHc) && this.#options.data.ignoresNewHosts) {
      this.#set(HealthFlag.ignoredUntilFirstHc);
    }
    if (!this.#has(HealthFlag.failedActiveHc)) this.#options.stats.healthy.inc();
    if (this.#has(HealthFlag.degradedActiveHc)) this.#options.stats.degraded.inc();
    const delayMs = initialDelayMs(this.#options.data, this.#options.random);
    if (delayMs === 0) this.#check();
    else this.#interval.arm(delayMs);
  }

  /** The host's own answer to a request said that it fails: `x-envoy-immediate-health-check-fail`. */
  failImmediately(): void {
    if (this.#closed) return;
    this.#set(HealthFlag.excludedViaImmediateHcFail);
    this.#noteTrouble("it said so in an answer to a request");
    this.#setUnhealthy("PASSIVE", false);
  }

  /** No more checks; nothing is called back. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#interval.disarm();
    this.#timeout.disarm();
    this.#probe.close();
    if (!this.#has(HealthFlag.failedActiveHc)) this.#options.stats.healthy.dec();
    if (this.#has(HealthFlag.degradedActiveHc)) this.#options.stats.degraded.dec();
  }

  #check(): void {
    this.#options.stats.attempt.inc();
    this.#startedMs = this.#options.timers.clock.nowMs();
    this.#timeout.arm(this.#options.data.timeoutMs);
    this.#probe.start();
  }

  #onTimeout(): void {
    this.#probe.cancel();
    this.#noteTrouble(`no answer within ${this.#options.data.timeoutMs} ms`);
    this.#afterCheck(false, this.#setUnhealthy("NETWORK_TIMEOUT", false));
  }

  #onResult(result: ProbeResult): void {
    if (this.#closed) return;
    this.#options.stats.latencyMs.record(this.#options.timers.clock.nowMs() - this.#startedMs);
    if (result.ok) this.#failingSinceMs = -1;
    else this.#noteTrouble(this.#probe.why);
    const transition = result.ok
      ? this.#setHealthy(result.degraded)
      : this.#setUnhealthy(result.failure, result.retriable);
    this.#afterCheck(result.ok, transition);
  }

  #afterCheck(healthy: boolean, transition: HealthTransition): void {
    if (this.#closed) return;
    const { data, random } = this.#options;
    this.#timeout.disarm();
    this.#interval.arm(checkIntervalMs(data, healthy, transition, this.#options.hasTraffic(), random));
  }

  #setHealthy(degraded: boolean): HealthTransition {
    const { data, stats, onEvent } = this.#options;
    this.#unhealthyCount = 0;
    let transition: HealthTransition = "unchanged";
    if (this.#has(HealthFlag.failedActiveHc)) {
      transition = "changePending";
      if (this.#firstCheck || ++this.#healthyCount === data.healthyThreshold) {
        transition = "changed";
        this.#clear(HealthFlag.failedActiveHc | HealthFlag.activeHcTimeout | HealthFlag.excludedViaImmediateHcFail);
        stats.healthy.inc();
        onEvent({ type: "add_healthy_event", firstCheck: this.#firstCheck });
      }
    }
    if (transition !== "changed" && data.alwaysLogSuccess) onEvent({ type: "successful_health_check_event" });
    transition = this.#clearPending(transition);
    if (degraded !== this.#has(HealthFlag.degradedActiveHc)) {
      this.#setDegraded(degraded);
      if (transition === "unchanged") transition = "changed";
    }
    stats.success.inc();
    this.#firstCheck = false;
    this.#options.onChecked(true);
    return transition;
  }

  #setDegraded(degraded: boolean): void {
    const { stats, onEvent } = this.#options;
    if (degraded) this.#set(HealthFlag.degradedActiveHc);
    else this.#clear(HealthFlag.degradedActiveHc);
    if (degraded) stats.degraded.inc();
    else stats.degraded.dec();
    onEvent({ type: degraded ? "degraded_healthy_host" : "no_longer_degraded_host" });
  }

  #setUnhealthy(failure: CheckFailureType, retriable: boolean): HealthTransition {
    const { data, stats, onEvent } = this.#options;
    const network = failure === "NETWORK" || failure === "NETWORK_TIMEOUT";
    this.#healthyCount = 0;
    let transition: HealthTransition = "unchanged";
    if (!this.#has(HealthFlag.failedActiveHc)) {
      transition = "changePending";
      if ((!network && !retriable) || ++this.#unhealthyCount === data.unhealthyThreshold) {
        transition = "changed";
        this.#set(HealthFlag.failedActiveHc);
        stats.healthy.dec();
        onEvent({ type: "eject_unhealthy_event", failure });
      }
    }
    if (failure === "NETWORK_TIMEOUT" && this.#has(HealthFlag.failedActiveHc)) this.#set(HealthFlag.activeHcTimeout);
    else this.#clear(HealthFlag.activeHcTimeout);
    transition = this.#clearPending(transition);
    if (this.#firstCheck || data.alwaysLogFailures) {
      onEvent({ type: "health_check_failure_event", failure, firstCheck: this.#firstCheck });
    }
    stats.failure.inc();
    if (network) stats.networkFailure.inc();
    else if (failure === "PASSIVE") stats.passiveFailure.inc();
    this.#firstCheck = false;
    this.#options.onChecked(false);
    return transition;
  }

  #noteTrouble(why: string): void {
    this.#why = why;
    if (this.#failingSinceMs < 0) this.#failingSinceMs = this.#options.timers.clock.nowMs();
  }

  #clearPending(transition: HealthTransition): HealthTransition {
    if (!this.#has(HealthFlag.pendingActiveHc)) return transition;
    this.#clear(HealthFlag.pendingActiveHc | HealthFlag.ignoredUntilFirstHc);
    return "changed";
  }

  #has(bit: number): boolean {
    return (this.#flags & bit) !== 0;
  }

  #set(bits: number): void {
    this.#flags |= bits;
  }

  #clear(bits: number): void {
    this.#flags &= ~bits;
  }
}
