import type { RequestHeaderMap } from "../http/header-map.ts";
import type { Span, SpanSettings } from "../http/span.ts";
import type { StreamInfo } from "../http/stream-info.ts";
import type { RouteTracingData, SamplingData } from "../route/route-tracing.ts";

/** What a tracer is told of a request. */
export interface TracedRequest {
  readonly headers: RequestHeaderMap;
  readonly streamInfo: StreamInfo;
  readonly settings: SpanSettings;
  /** What the request's own sampling says; a context that the client sent counts before it. */
  readonly sampled: boolean;
  /** Whether the listener takes requests that go out (`traffic_direction: OUTBOUND`). */
  readonly egress: boolean;
}

/** Makes the spans of one connection manager and sends them to where they are kept. One per connection manager and worker. */
export interface Tracer {
  /** The span of a request, with the context that came in its headers. */
  startSpan(request: TracedRequest): Span;
  /** The configuration that made it is gone. What ends later is still reported. */
  release(): void;
}

/** A connection manager's `tracing` beside its tracer. Plain data. */
export interface TracingData extends RouteTracingData {
  readonly sampling: SamplingData;
  /** Whether the request's id decides; otherwise each request is sampled, unless its own context says something else. */
  readonly sampleById: boolean;
  /** Whether the decision is written into the id. */
  readonly packTraceReason: boolean;
  readonly verbose: boolean;
  readonly spawnUpstream: boolean;
  readonly maxPathTagLength: number;
  /** For the tags `node_id` and `zone`. */
  readonly nodeId: string;
  readonly zone: string;
}
