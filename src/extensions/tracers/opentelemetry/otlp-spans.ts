import { ProtobufTraceSerializer } from "@opentelemetry/otlp-transformer";
import { unicodeText } from "../../../match/wire-text.ts";
import type { RecordedSpan } from "../../../tracing/recorded-span.ts";
import { hrTime } from "../../opentelemetry/hr-time.ts";

type OtlpSpan = Parameters<typeof ProtobufTraceSerializer.serializeRequest>[0][number];

/** Numbers of OpenTelemetry's API. */
const KINDS = { server: 1, client: 2 } as const;
const STATUS_UNSET = 0;
const STATUS_ERROR = 2;
const SCOPE = { name: "troupe" };

/** Writes spans as `ExportTraceServiceRequest`, all of one resource. */
export class OtlpSpanWriter {
  readonly #resource: { readonly attributes: object; getRawAttributes(): (readonly [string, string])[] };

  /** `attributes` are those of the resource. */
  constructor(attributes: ReadonlyMap<string, string>) {
    const raw = [...attributes];
    this.#resource = { attributes: Object.fromEntries(raw), getRawAttributes: () => raw };
  }

  /** The message in protobuf's binary form. */
  write(spans: readonly RecordedSpan[]): Uint8Array {
    const bytes = ProtobufTraceSerializer.serializeRequest(spans.map((span) => this.#span(span)));
    return bytes ?? new Uint8Array();
  }

  #span(span: RecordedSpan): OtlpSpan {
    const traceFlags = span.sampled ? 1 : 0;
    const { traceId } = span;
    const attributes: Record<string, string> = {};
    for (const [name, value] of span.tags) attributes[name] = unicodeText(value);
    const isError = span.tags.get("error") === "true";
    return {
      name: unicodeText(span.name),
      kind: KINDS[span.kind],
      spanContext: () => ({
        traceId,
        spanId: span.spanId,
        traceFlags,
        ...(span.traceState !== "" && { traceState: { serialize: () => span.traceState } }),
      }),
      ...(span.parentId !== "" && { parentSpanContext: { traceId, spanId: span.parentId, traceFlags } }),
      startTime: hrTime(span.startMs),
      endTime: hrTime(Math.max(span.startMs, span.endMs)),
      duration: hrTime(Math.max(0, span.endMs - span.startMs)),
      status: { code: isError ? STATUS_ERROR : STATUS_UNSET },
      attributes,
      links: [],
      events: span.events.map(({ atMs, name }) => ({ name, time: hrTime(atMs), attributes: {} })),
      ended: true,
      resource: this.#resource,
      instrumentationScope: SCOPE,
      droppedAttributesCount: 0,
      droppedEventsCount: 0,
      droppedLinksCount: 0,
    } as unknown as OtlpSpan;
  }
}
