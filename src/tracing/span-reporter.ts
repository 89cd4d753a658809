import type { TimerWheel, WheelTimer } from "../base/timer-wheel.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Counter, StatsScope } from "../stats/scope.ts";
import type { RecordedSpan } from "./recorded-span.ts";

/** Spans that may wait or be on their way; what comes then is lost and counted. */
const MOST_SPANS = 2048;
/** Exports on their way at the same time. */
const MOST_EXPORTS = 8;
const FLUSH_INTERVAL_MS = 5000;
const MIN_FLUSH_SPANS = 5;

/** Counters of one kind of tracer; the last one is Troupe's own. */
export interface SpanReporterStats {
  readonly spansSent: Counter;
  readonly timerFlushed: Counter;
  readonly spansDropped: Counter;
}

/** What a reporter works with. */
export interface SpanReporterEnvironment {
  readonly timers: TimerWheel;
  readonly runtime: Runtime;
  readonly stats: SpanReporterStats;
  /** `tracing.zipkin` or `tracing.opentelemetry`: where runtime has `min_flush_spans` and `flush_interval_ms`. */
  readonly runtimePrefix: string;
}

/**
 * Gathers spans that are over and hands them to an exporter: when five have gathered, or after five seconds. Bounded: a collector that is
 * slow or away costs spans, never memory or time. Source: Envoy's reporters.
 */
export class SpanReporter {
  readonly #environment: SpanReporterEnvironment;
  readonly #export: (spans: readonly RecordedSpan[], onOver: () => void) => void;
  readonly #timer: WheelTimer;
  #waiting: RecordedSpan[] = [];
  #exports = 0;
  #exporting = 0;

  /** `exportSpans` must call `onOver` once, whatever becomes of the spans. */
  constructor(
    environment: SpanReporterEnvironment,
    exportSpans: (spans: readonly RecordedSpan[], onOver: () => void) => void,
  ) {
    this.#environment = environment;
    this.#export = exportSpans;
    this.#timer = environment.timers.timer(() => this.#onTimer());
  }

  report(span: RecordedSpan): void {
    if (this.#waiting.length + this.#exporting >= MOST_SPANS) {
      this.#environment.stats.spansDropped.inc();
      return;
    }
    this.#waiting.push(span);
    if (this.#waiting.length >= this.#setting("min_flush_spans", MIN_FLUSH_SPANS)) this.flush();
    else if (!this.#timer.armed) this.#timer.arm(this.#setting("flush_interval_ms", FLUSH_INTERVAL_MS));
  }

  /** Sends what has gathered, unless too much is on its way: then it goes when some of that is over. */
  flush(): void {
    if (this.#waiting.length === 0 || this.#exports >= MOST_EXPORTS) return;
    this.#timer.disarm();
    const spans = this.#waiting;
    this.#waiting = [];
    this.#exports++;
    this.#exporting += spans.length;
    this.#environment.stats.spansSent.add(spans.length);
    this.#export(spans, () => this.#onExported(spans.length));
  }

  #onExported(count: number): void {
    this.#exports--;
    this.#exporting -= count;
    if (this.#waiting.length >= this.#setting("min_flush_spans", MIN_FLUSH_SPANS)) this.flush();
  }

  #onTimer(): void {
    this.#environment.stats.timerFlushed.inc();
    this.flush();
    // Too much was on its way.
    if (this.#waiting.length > 0) this.#timer.arm(this.#setting("flush_interval_ms", FLUSH_INTERVAL_MS));
  }

  #setting(name: string, value: number): number {
    return this.#environment.runtime.integer({ runtimeKey: `${this.#environment.runtimePrefix}.${name}`, value });
  }
}

/** The counters of a reporter; `scope` is that of its tracer. */
export function createReporterStats(scope: StatsScope): SpanReporterStats {
  return {
    spansSent: scope.counter("spans_sent"),
    timerFlushed: scope.counter("timer_flushed"),
    spansDropped: scope.counter("spans_dropped"),
  };
}
