import type { Counter, Gauge, StatsScope } from "../../src/stats/scope.ts";

/** What the admin interface counts of itself, by Envoy's names: `http.admin.*` and `listener.admin.*`. */
export class AdminStats {
  readonly #connectionCounters: readonly Counter[];
  readonly #connectionGauges: readonly Gauge[];
  readonly #requestCounters: readonly Counter[];
  readonly #requestsActive: Gauge;
  readonly #byClass: readonly Counter[];

  constructor(root: StatsScope) {
    const http = root.scope("http.admin");
    const listener = root.scope("listener.admin");
    this.#connectionCounters = [
      http.counter("downstream_cx_total"),
      http.counter("downstream_cx_http1_total"),
      listener.counter("downstream_cx_total"),
    ];
    this.#connectionGauges = [
      http.gauge("downstream_cx_active"),
      http.gauge("downstream_cx_http1_active"),
      listener.gauge("downstream_cx_active"),
    ];
    this.#requestCounters = [http.counter("downstream_rq_total"), http.counter("downstream_rq_http1_total")];
    this.#requestsActive = http.gauge("downstream_rq_active");
    this.#byClass = [1, 2, 3, 4, 5].map((digit) => http.counter(`downstream_rq_${digit}xx`));
  }

  connectionOpened(): void {
    for (const counter of this.#connectionCounters) counter.inc();
    for (const gauge of this.#connectionGauges) gauge.inc();
  }

  connectionClosed(): void {
    for (const gauge of this.#connectionGauges) gauge.dec();
  }

  requestBegan(): void {
    for (const counter of this.#requestCounters) counter.inc();
    this.#requestsActive.inc();
  }

  requestEnded(status: number): void {
    this.#requestsActive.dec();
    this.#byClass[Math.floor(status / 100) - 1]?.inc();
  }
}
