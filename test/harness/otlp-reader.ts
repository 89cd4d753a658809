import { BinaryReader } from "@bufbuild/protobuf/wire";

/** A span as an OpenTelemetry collector reads it. Identifiers are hex; times are milliseconds since the epoch. */
export interface ReceivedSpan {
  traceId: string;
  spanId: string;
  parentSpanId: string;
  traceState: string;
  name: string;
  kind: number;
  startMs: number;
  endMs: number;
  statusCode: number;
  attributes: Record<string, string>;
  events: string[];
  resource: Record<string, string>;
}

type Fields = Map<number, (Uint8Array | number | bigint)[]>;

/** The spans of an `ExportTraceServiceRequest` in binary form, read by field numbers alone. */
export function readOtlpSpans(message: Uint8Array): ReceivedSpan[] {
  return messages(fieldsOf(message), 1).flatMap((resourceSpans) => {
    const resource = Object.fromEntries(messages(resourceSpans, 1).flatMap((fields) => keyValues(fields, 1)));
    const spans = messages(resourceSpans, 2).flatMap((scope) => messages(scope, 2));
    return spans.map((span) => readSpan(span, resource));
  });
}

function readSpan(span: Fields, resource: Record<string, string>): ReceivedSpan {
  const status = messages(span, 15)[0];
  return {
    traceId: hex(span, 1),
    spanId: hex(span, 2),
    traceState: text(span, 3),
    parentSpanId: hex(span, 4),
    name: text(span, 5),
    kind: Number(span.get(6)?.[0] ?? 0),
    startMs: Number(span.get(7)?.[0] ?? 0) / 1e6,
    endMs: Number(span.get(8)?.[0] ?? 0) / 1e6,
    statusCode: Number(status?.get(3)?.[0] ?? 0),
    attributes: Object.fromEntries(keyValues(span, 9)),
    events: messages(span, 11).map((event) => text(event, 2)),
    resource,
  };
}

function keyValues(fields: Fields, number: number): [string, string][] {
  return messages(fields, number).map((pair) => [text(pair, 1), text(messages(pair, 2)[0] ?? new Map(), 1)]);
}

function messages(fields: Fields, number: number): Fields[] {
  return (fields.get(number) ?? []).map((bytes) => fieldsOf(bytes as Uint8Array));
}

function text(fields: Fields, number: number): string {
  return Buffer.from((fields.get(number)?.[0] as Uint8Array | undefined) ?? []).toString("utf8");
}

function hex(fields: Fields, number: number): string {
  return Buffer.from((fields.get(number)?.[0] as Uint8Array | undefined) ?? []).toString("hex");
}

/** Values by field number: numbers of varints and fixed integers, bytes of what has a length. */
export function fieldsOf(bytes: Uint8Array): Fields {
  const reader = new BinaryReader(bytes);
  const fields: Fields = new Map();
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    const value = readValue(reader, wireType);
    const known = fields.get(number);
    if (known === undefined) fields.set(number, [value]);
    else known.push(value);
  }
  return fields;
}

function readValue(reader: BinaryReader, wireType: number): Uint8Array | number | bigint {
  switch (wireType) {
    case 0:
      return BigInt(reader.uint64());
    case 1:
      return BigInt(reader.fixed64());
    case 2:
      return reader.bytes();
    case 5:
      return reader.fixed32();
    default:
      throw new Error(`wire type ${wireType}`);
  }
}
