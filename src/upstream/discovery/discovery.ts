import type { Counter, Gauge, Histogram, StatsScope } from "../../stats/scope.ts";
import type { AssignmentPolicyData, EndpointData } from "../cluster-data.ts";

/** Finds the hosts of one cluster, again and again. Main thread. */
export interface Discovery {
  /** Begins. Calls back from then on, never from inside this call. */
  start(): void;
  /** Ends; no more calls back. */
  stop(): void;
  /** How things stand, for people. Plain data. */
  inspect(): Readonly<Record<string, unknown>>;
}

/** Who wants the hosts. */
export interface DiscoveryOwner {
  /** All hosts there are now, and the settings that came with them, if any. */
  onHosts(endpoints: readonly EndpointData[], policy?: AssignmentPolicyData | null): void;
  /** The first attempt is over, however it ended. Called once, after the first `onHosts` if it succeeded. */
  onFirstAttempt(): void;
}

/** What is counted of EDS clusters alone; Envoy's `SubscriptionStats`. */
export interface SubscriptionStats {
  /** When the last update was taken, in milliseconds since the epoch. */
  readonly updateTime: Gauge;
  /** From the reading of an update until it was taken. */
  readonly updateDuration: Histogram;
  /** Stays 0: a file is there from the start. */
  readonly initFetchTimeout: Counter;
}

/** `cluster.<name>.update_*` and the like; Envoy's names. */
export class DiscoveryStats {
  readonly updateAttempt: Counter;
  readonly updateSuccess: Counter;
  readonly updateFailure: Counter;
  readonly updateEmpty: Counter;
  readonly updateNoRebuild: Counter;
  readonly updateRejected: Counter;
  readonly assignmentTimeoutReceived: Counter;
  readonly assignmentStale: Counter;
  readonly membershipChange: Counter;
  readonly version: Gauge;
  readonly #scope: StatsScope;
  #subscription: SubscriptionStats | null = null;

  constructor(scope: StatsScope) {
    this.#scope = scope;
    this.updateAttempt = scope.counter("update_attempt");
    this.updateSuccess = scope.counter("update_success");
    this.updateFailure = scope.counter("update_failure");
    this.updateEmpty = scope.counter("update_empty");
    this.updateNoRebuild = scope.counter("update_no_rebuild");
    this.updateRejected = scope.counter("update_rejected");
    this.assignmentTimeoutReceived = scope.counter("assignment_timeout_received");
    this.assignmentStale = scope.counter("assignment_stale");
    this.membershipChange = scope.counter("membership_change");
    this.version = scope.gauge("version");
  }

  /** Made when first asked for, by discoveries that subscribe to something. */
  get subscription(): SubscriptionStats {
    this.#subscription ??= {
      updateTime: this.#scope.gauge("update_time"),
      updateDuration: this.#scope.histogram("update_duration", "ms"),
      initFetchTimeout: this.#scope.counter("init_fetch_timeout"),
    };
    return this.#subscription;
  }

  release(): void {
    this.#scope.release();
  }
}
