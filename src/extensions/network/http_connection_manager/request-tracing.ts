import type { RandomSource } from "../../../base/random.ts";
import { resolveCustomTag } from "../../../http/custom-tag.ts";
import type { RequestHeaderMap, ResponseHeaderMap } from "../../../http/header-map.ts";
import type { Span, SpanSettings, TraceReason } from "../../../http/span.ts";
import type { StreamInfo } from "../../../http/stream-info.ts";
import type { Route } from "../../../route/route.ts";
import type { RouteTracingData } from "../../../route/route-tracing.ts";
import type { Runtime } from "../../../runtime/runtime.ts";
import type { Counter, StatsScope } from "../../../stats/scope.ts";
import { decideTrace } from "../../../tracing/trace-decision.ts";
import type { Tracer, TracingData } from "../../../tracing/tracer.ts";

const DECORATOR = "x-envoy-decorator-operation";

/** What the tracing of a connection manager works with. */
export interface RequestTracingEnvironment {
  /** `http.<stat_prefix>`. */
  readonly scope: StatsScope;
  readonly runtime: Runtime;
  readonly random: RandomSource;
  readonly environment: ReadonlyMap<string, string>;
  /** Whether the listener's requests go out. */
  readonly egress: boolean;
}

/**
 * Begins the span of each request of one connection manager. One per connection manager and worker. Source: Envoy's
 * `ActiveStream::traceRequest`.
 */
export class RequestTracing {
  readonly #data: TracingData;
  readonly #tracer: Tracer | null;
  readonly #environment: RequestTracingEnvironment;
  readonly #settings: SpanSettings;
  readonly #routeSettings = new WeakMap<RouteTracingData, SpanSettings>();
  readonly #counters: Readonly<Record<TraceReason, Counter>>;

  /** `tracer` null: requests are marked, and there are no spans. */
  constructor(data: TracingData, tracer: Tracer | null, environment: RequestTracingEnvironment) {
    this.#data = data;
    this.#tracer = tracer;
    this.#environment = environment;
    this.#settings = {
      spawnUpstream: data.spawnUpstream,
      verbose: data.verbose,
      maxPathTagLength: data.maxPathTagLength,
      customTags: data.customTags.map((tag) => resolveCustomTag(tag, environment.environment)),
    };
    const { scope } = environment;
    this.#counters = {
      notTraceable: scope.counter("tracing.not_traceable"),
      sampling: scope.counter("tracing.random_sampling"),
      serviceForced: scope.counter("tracing.service_forced"),
      clientForced: scope.counter("tracing.client_enabled"),
    };
  }

  /**
   * Decides on a request and begins its span: sets `traceReason`, `requestId` and `span` of the stream. Answers the operation to name in
   * the response; `""` = none.
   */
  start(headers: RequestHeaderMap, info: StreamInfo, route: Route | null): string {
    const { runtime, random, egress } = this.#environment;
    const { sampleById, packTraceReason } = this.#data;
    const sampling = route?.tracing?.sampling ?? this.#data.sampling;
    const reason = sampleById
      ? decideTrace(headers, sampling, runtime, () => random.uint32(), packTraceReason)
      : "sampling";
    info.traceReason = reason;
    info.requestId = headers.get("x-request-id") ?? "";
    this.#counters[reason].inc();
    if (this.#tracer === null) return "";
    const settings = this.#settingsOf(route);
    const sampled = reason !== "notTraceable";
    const span = this.#tracer.startSpan({ headers, streamInfo: info, settings, sampled, egress });
    span.setTag("node_id", this.#data.nodeId);
    span.setTag("zone", this.#data.zone);
    info.span = span;
    return this.#decorate(span, headers, route);
  }

  /** Lets the other side of a response know the operation, or learns it from there. */
  onResponse(headers: ResponseHeaderMap, operation: string, span: Span | null): void {
    if (!this.#environment.egress) {
      if (operation !== "") headers.set(DECORATOR, operation);
      return;
    }
    const named = headers.get(DECORATOR);
    if (named === undefined) return;
    if (named !== "") span?.setOperation(named);
    headers.remove(DECORATOR);
  }

  release(): void {
    this.#tracer?.release();
  }

  #decorate(span: Span, headers: RequestHeaderMap, route: Route | null): string {
    const operation = route === null ? "" : route.decoratorOperation;
    if (operation !== "") span.setOperation(operation);
    const propagated = operation !== "" && route!.decoratorPropagate ? operation : "";
    if (this.#environment.egress) {
      if (propagated !== "") headers.set(DECORATOR, propagated);
      return "";
    }
    const named = headers.get(DECORATOR);
    if (named === undefined) return propagated;
    headers.remove(DECORATOR);
    if (named === "") return propagated;
    span.setOperation(named);
    return "";
  }

  /** A route's tags stand beside the connection manager's, and instead of those of the same name. */
  #settingsOf(route: Route | null): SpanSettings {
    const tracing = route?.tracing;
    if (tracing == null || tracing.customTags.length === 0) return this.#settings;
    let settings = this.#routeSettings.get(tracing);
    if (settings === undefined) {
      const own = tracing.customTags.map((tag) => resolveCustomTag(tag, this.#environment.environment));
      const others = this.#settings.customTags.filter(({ tag }) => own.every((each) => each.tag !== tag));
      settings = { ...this.#settings, customTags: [...others, ...own] };
      this.#routeSettings.set(tracing, settings);
    }
    return settings;
  }
}
