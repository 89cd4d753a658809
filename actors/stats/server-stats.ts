import type { Gauge, StatsScope } from "../../src/stats/scope.ts";

/** What the `server.*` stats tell. */
export interface ServerFacts {
  readonly uptimeSeconds: number;
  /** Workers. */
  readonly concurrency: number;
  readonly state: "LIVE" | "DRAINING" | "PRE_INITIALIZING" | "INITIALIZING";
  /** Downstream connections over all workers. */
  readonly totalConnections: number;
  /** Milliseconds from now until the first certificate runs out; null: there are none. */
  readonly firstCertificateMs: number | null;
  /** The same for OCSP staples. */
  readonly firstStapleMs: number | null;
}

const DAY_MS = 86_400_000;
/** What Envoy shows without certificates: the largest number it has. */
const NO_CERTIFICATES = 0xffff_ffff;

const FIRST_CERTIFICATE = "days_until_first_cert_expiring";
const FIRST_STAPLE = "seconds_until_first_ocsp_response_expiring";
const STATE_NUMBERS = { LIVE: 0, DRAINING: 1, PRE_INITIALIZING: 2, INITIALIZING: 3 } as const;

/**
 * Envoy's `server.*` gauges. Main thread.
 *
 * Differs from Envoy: there is no hot restart, so epoch, generation and the parent's connections stay 0.
 */
export class ServerStats {
  readonly #facts: () => ServerFacts;
  readonly #gauges: Readonly<Record<string, Gauge>>;

  constructor(root: StatsScope, facts: () => ServerFacts) {
    this.#facts = facts;
    const scope = root.scope("server");
    const names = ["uptime", "concurrency", "live", "state", "total_connections", "memory_allocated"];
    const more = ["memory_heap_size", "memory_physical_size", FIRST_CERTIFICATE, FIRST_STAPLE];
    this.#gauges = Object.fromEntries([...names, ...more].map((name) => [name, scope.gauge(name)]));
    for (const name of ["hot_restart_epoch", "hot_restart_generation", "parent_connections"]) scope.gauge(name).set(0);
  }

  /** Brings the gauges up to date. */
  refresh(): void {
    const facts = this.#facts();
    const memory = process.memoryUsage();
    this.#set("uptime", Math.floor(facts.uptimeSeconds));
    this.#set("concurrency", facts.concurrency);
    this.#set("state", STATE_NUMBERS[facts.state]);
    this.#set("live", facts.state === "LIVE" ? 1 : 0);
    this.#set("total_connections", facts.totalConnections);
    this.#set("memory_allocated", memory.heapUsed + memory.external);
    this.#set("memory_heap_size", memory.heapTotal + memory.external);
    this.#set("memory_physical_size", memory.rss);
    const { firstCertificateMs: certificateMs, firstStapleMs: stapleMs } = facts;
    const days = certificateMs === null ? NO_CERTIFICATES : Math.floor(certificateMs / DAY_MS);
    this.#set(FIRST_CERTIFICATE, Math.max(0, days));
    this.#set(FIRST_STAPLE, Math.max(0, Math.floor((stapleMs ?? 0) / 1000)));
  }

  #set(name: string, value: number): void {
    this.#gauges[name]?.set(value);
  }
}
