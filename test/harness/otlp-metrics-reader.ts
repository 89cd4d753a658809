import { fieldsOf } from "./otlp-reader.ts";

/** A data point as an OpenTelemetry collector reads it. Times are milliseconds since the epoch. */
export interface ReceivedPoint {
  readonly name: string;
  readonly kind: "gauge" | "sum" | "histogram";
  /** 0 for gauges, 1 = delta, 2 = cumulative. */
  readonly temporality: number;
  readonly monotonic: boolean;
  readonly attributes: Readonly<Record<string, string>>;
  readonly startMs: number;
  readonly endMs: number;
  /** Of a histogram, the number of values. */
  readonly value: number;
  readonly sum: number;
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
}

type Fields = ReturnType<typeof fieldsOf>;

const KINDS = [
  ["gauge", 5, 7],
  ["sum", 7, 7],
  ["histogram", 9, 9],
] as const;

/** The data points of an `ExportMetricsServiceRequest` in binary form, read by field numbers alone. */
export function readOtlpMetrics(message: Uint8Array): ReceivedPoint[] {
  const scopes = messages(fieldsOf(message), 1).flatMap((resource) => messages(resource, 2));
  return scopes.flatMap((scope) => messages(scope, 2)).flatMap(readMetric);
}

function readMetric(metric: Fields): ReceivedPoint[] {
  const name = text(metric, 1);
  return KINDS.flatMap(([kind, field, attributeField]) =>
    messages(metric, field).flatMap((data) =>
      messages(data, 1).map((point) => ({
        name,
        kind,
        temporality: Number(data.get(2)?.[0] ?? 0),
        monotonic: Number(data.get(3)?.[0] ?? 0) === 1,
        attributes: Object.fromEntries(
          messages(point, attributeField).map((pair) => [text(pair, 1), text(messages(pair, 2)[0] ?? new Map(), 1)]),
        ),
        startMs: Number(point.get(2)?.[0] ?? 0) / 1e6,
        endMs: Number(point.get(3)?.[0] ?? 0) / 1e6,
        value: Number(point.get(kind === "histogram" ? 4 : 6)?.[0] ?? 0),
        sum: kind === "histogram" ? double(point.get(5)?.[0]) : 0,
        bounds: kind === "histogram" ? packed(point, 7, (bytes, at) => bytes.readDoubleLE(at)) : [],
        counts: kind === "histogram" ? packed(point, 6, (bytes, at) => Number(bytes.readBigUInt64LE(at))) : [],
      })),
    ),
  );
}

function packed(fields: Fields, number: number, read: (bytes: Buffer, at: number) => number): number[] {
  const bytes = Buffer.from((fields.get(number)?.[0] as Uint8Array | undefined) ?? []);
  return Array.from({ length: bytes.length / 8 }, (_, i) => read(bytes, i * 8));
}

/** Read as a 64-bit integer; its bits are those of a double. */
function double(value: Uint8Array | number | bigint | undefined): number {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, BigInt((value as bigint | undefined) ?? 0n)));
  return bytes.readDoubleLE(0);
}

function messages(fields: Fields, number: number): Fields[] {
  return (fields.get(number) ?? []).map((bytes) => fieldsOf(bytes as Uint8Array));
}

function text(fields: Fields, number: number): string {
  return Buffer.from((fields.get(number)?.[0] as Uint8Array | undefined) ?? []).toString("utf8");
}
