import { unicodeText } from "../../../match/wire-text.ts";
import type { RecordedSpan } from "../../../tracing/recorded-span.ts";

const CONTROLS = /[\x00-\x1f\x7f]/g;

/** Spans as Zipkin's JSON, version 2. */
export function zipkinJson(spans: readonly RecordedSpan[], serviceName: string): string {
  return JSON.stringify(spans.map((span) => zipkinSpan(span, serviceName)));
}

function zipkinSpan(span: RecordedSpan, serviceName: string): object {
  const tags: Record<string, string> = Object.create(null);
  for (const [name, value] of span.tags) tags[name] = readable(value);
  return {
    traceId: span.traceId,
    id: span.spanId,
    ...(span.parentId !== "" && { parentId: span.parentId }),
    kind: span.kind === "client" ? "CLIENT" : "SERVER",
    name: readable(span.name),
    timestamp: microseconds(span.startMs),
    duration: Math.max(1, microseconds(span.endMs - span.startMs)),
    localEndpoint: { serviceName },
    ...(span.shared && { shared: true }),
    ...(span.events.length > 0 && {
      annotations: span.events.map(({ atMs, name }) => ({ timestamp: microseconds(atMs), value: name })),
    }),
    tags,
  };
}

function microseconds(ms: number): number {
  return Math.round(ms * 1000);
}

/** Text from the wire as people read it. */
function readable(text: string): string {
  return unicodeText(text).replace(CONTROLS, "");
}
