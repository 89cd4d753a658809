import type { RandomSource } from "../../base/random.ts";
import type { TimerWheel, WheelTimer } from "../../base/timer-wheel.ts";
import type { DnsDiscoveryData, DnsTargetData, EndpointData } from "../cluster-data.ts";
import type { Discovery, DiscoveryOwner, DiscoveryStats } from "./discovery.ts";
import type { DnsAnswer, DnsLookup } from "./dns-lookup.ts";

/** What DNS discovery needs of its surroundings. */
export interface DnsDiscoveryOptions {
  readonly lookup: DnsLookup;
  /** Called by `stop`. */
  readonly onStop: () => void;
  readonly timers: TimerWheel;
  readonly random: RandomSource;
  readonly stats: DiscoveryStats;
}

/**
 * The hosts of a STRICT_DNS or LOGICAL_DNS cluster: each name is looked up on its own, and again when its time is over. A failed look-up
 * keeps what was known; a name that has no address any more has no hosts. Main thread.
 * Differs from Envoy: a LOGICAL_DNS cluster stays with an address as long as the name has it; when it has to take another one, connections
 * to the old one serve no new requests.
 */
export class DnsDiscovery implements Discovery {
  readonly #owner: DiscoveryOwner;
  readonly #targets: readonly DnsTarget[];
  #waiting: number;
  #stopped = false;
  readonly #options: DnsDiscoveryOptions;

  constructor(data: DnsDiscoveryData, owner: DiscoveryOwner, options: DnsDiscoveryOptions) {
    this.#owner = owner;
    this.#options = options;
    this.#targets = data.targets.map((target) => new DnsTarget(target, data, options, () => this.#onAnswer()));
    this.#waiting = this.#targets.length;
  }

  start(): void {
    if (this.#waiting === 0) queueMicrotask(() => this.#unlessStopped(() => this.#owner.onFirstAttempt()));
    for (const target of this.#targets) target.start(() => this.#onFirstOver());
  }

  stop(): void {
    this.#stopped = true;
    for (const target of this.#targets) target.stop();
    this.#options.onStop();
  }

  inspect(): Readonly<Record<string, unknown>> {
    return { names: this.#targets.map((target) => target.inspect()) };
  }

  #onAnswer(): void {
    this.#unlessStopped(() => {
      this.#owner.onHosts(this.#targets.flatMap((target) => target.endpoints()));
    });
  }

  #onFirstOver(): void {
    if (--this.#waiting === 0) this.#unlessStopped(() => this.#owner.onFirstAttempt());
  }

  #unlessStopped(work: () => void): void {
    if (!this.#stopped) work();
  }
}

/** One name of a cluster. */
class DnsTarget {
  readonly #target: DnsTargetData;
  readonly #data: DnsDiscoveryData;
  readonly #options: DnsDiscoveryOptions;
  readonly #onAnswer: () => void;
  readonly #timer: WheelTimer;
  #addresses: readonly string[] = [];
  #failures = 0;
  #lastError = "";
  #stopped = false;
  #onFirstOver: (() => void) | null = null;

  constructor(target: DnsTargetData, data: DnsDiscoveryData, options: DnsDiscoveryOptions, onAnswer: () => void) {
    this.#target = target;
    this.#data = data;
    this.#options = options;
    this.#onAnswer = onAnswer;
    this.#timer = options.timers.timer(() => void this.#lookUp());
  }

  start(onFirstOver: () => void): void {
    this.#onFirstOver = onFirstOver;
    void this.#lookUp();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer.disarm();
  }

  endpoints(): EndpointData[] {
    const { port, endpoint } = this.#target;
    return this.#addresses.map((ip) => ({ ...endpoint, address: { type: "ip", ip, port } }));
  }

  inspect(): Readonly<Record<string, unknown>> {
    const { name } = this.#target;
    return { name, addresses: this.#addresses, failures: this.#failures, lastError: this.#lastError };
  }

  async #lookUp(): Promise<void> {
    const { lookup, stats } = this.#options;
    stats.updateAttempt.inc();
    let waitMs: number;
    try {
      waitMs = this.#onFound(await lookup(this.#target.name));
    } catch (error) {
      if (this.#stopped) return;
      stats.updateFailure.inc();
      this.#failures++;
      this.#lastError = error instanceof Error ? error.message : String(error);
      waitMs = this.#waitAfterFailureMs();
    }
    if (this.#stopped) return;
    this.#onFirstOver?.();
    this.#onFirstOver = null;
    this.#timer.arm(waitMs);
  }

  /** Answers how long to wait. */
  #onFound({ addresses, ttlMs }: DnsAnswer): number {
    const { refreshRateMs, respectTtl } = this.#data;
    const { stats } = this.#options;
    if (this.#stopped) return refreshRateMs;
    stats.updateSuccess.inc();
    if (addresses.length === 0) stats.updateEmpty.inc();
    this.#failures = 0;
    this.#lastError = "";
    this.#addresses = this.#choose(addresses);
    this.#onAnswer();
    return respectTtl && ttlMs !== undefined && ttlMs > 0 ? ttlMs : refreshRateMs;
  }

  /** Name servers turn the order round with each answer; that is no change. */
  #choose(addresses: readonly string[]): readonly string[] {
    if (!this.#data.logical) return [...addresses].sort();
    const [present] = this.#addresses;
    return present !== undefined && addresses.includes(present) ? [present] : addresses.slice(0, 1);
  }

  #waitAfterFailureMs(): number {
    const backOff = this.#data.failureBackOff;
    if (backOff === null) return this.#data.refreshRateMs;
    const bound = Math.min(backOff.maxMs, backOff.baseMs * 2 ** Math.min(this.#failures - 1, 20));
    return Math.max(1, Math.floor(this.#options.random.fraction() * bound));
  }
}
