import type { RequestHeaderMap } from "../../../http/header-map.ts";
import { RecordedSpan, type SpanIdentity, type SpanOwner } from "../../../tracing/recorded-span.ts";
import { SpanReporter } from "../../../tracing/span-reporter.ts";
import { randomId64, randomId128 } from "../../../tracing/trace-ids.ts";
import type { TracedRequest, Tracer } from "../../../tracing/tracer.ts";
import { readW3cContext, writeW3cContext } from "../../../tracing/w3c-context.ts";
import { AsyncGrpcClient } from "../../../upstream/async/async-grpc-client.ts";
import type { GrpcServiceData } from "../../../upstream/async/grpc-service-data.ts";
import { type HttpServiceRequestData, httpServiceHeaders } from "../../../upstream/async/http-service-request.ts";
import type { WorkerContext } from "../../extension-module.ts";
import { resourceAttributes } from "../../opentelemetry/resource-attributes.ts";
import type { OpenTelemetryData } from "./opentelemetry-data.ts";
import { OtlpSpanWriter } from "./otlp-spans.ts";
import type { OpenTelemetryStats } from "./stats.ts";

const EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
const MOST_RESPONSE_BYTES = 65_536;

/** Spans for an OpenTelemetry collector, by gRPC or HTTP, with W3C headers. Source: Envoy's `OpenTelemetry::Driver` and `Tracer`. */
export class OpenTelemetryTracer implements Tracer, SpanOwner {
  readonly #data: OpenTelemetryData;
  readonly #worker: WorkerContext;
  readonly #stats: OpenTelemetryStats;
  readonly #reporter: SpanReporter;
  readonly #writer: OtlpSpanWriter;
  readonly #grpc: AsyncGrpcClient;

  constructor(data: OpenTelemetryData, worker: WorkerContext, stats: OpenTelemetryStats) {
    this.#data = data;
    this.#worker = worker;
    this.#stats = stats;
    this.#writer = new OtlpSpanWriter(
      resourceAttributes(data.serviceName, data.resourceDetectors, worker.format.environment),
    );
    this.#grpc = new AsyncGrpcClient(worker.asyncClient);
    const { timers, runtime } = worker;
    this.#reporter = new SpanReporter(
      { timers, runtime, stats: stats.reporter, runtimePrefix: "tracing.opentelemetry" },
      (spans, onOver) => this.#export(spans, onOver),
    );
  }

  startSpan({ headers, streamInfo, settings, sampled, egress }: TracedRequest): RecordedSpan {
    const { random } = this.#worker;
    const parent = readW3cContext(headers);
    const identity: SpanIdentity = {
      traceId: parent === null ? randomId128(random) : parent.traceId,
      spanId: randomId64(random),
      parentId: parent === null ? "" : parent.parentId,
      sampled: parent === null ? sampled : parent.sampled,
      traceState: parent === null ? "" : parent.traceState,
      shared: false,
    };
    const name = egress ? `egress ${headers.authority}` : "ingress";
    const kind = egress && !settings.spawnUpstream ? "client" : "server";
    return new RecordedSpan(this, settings, identity, kind, name, streamInfo.startWallMs);
  }

  release(): void {
    this.#reporter.flush();
    this.#stats.release();
  }

  inject(span: RecordedSpan, headers: RequestHeaderMap): void {
    writeW3cContext(headers, span.traceId, span.spanId, span.sampled, span.traceState);
  }

  childIdentity({ traceId, spanId, sampled, traceState }: RecordedSpan): SpanIdentity {
    return { traceId, spanId: randomId64(this.#worker.random), parentId: spanId, sampled, traceState, shared: false };
  }

  report(span: RecordedSpan): void {
    this.#reporter.report(span);
  }

  #export(spans: readonly RecordedSpan[], onOver: () => void): void {
    const bytes = this.#writer.write(spans);
    const { exporter } = this.#data;
    if (exporter.type === "grpc") this.#exportGrpc(exporter.service, bytes, onOver);
    else this.#exportHttp(exporter.service, bytes, onOver);
  }

  #exportGrpc(service: GrpcServiceData, bytes: Uint8Array, onOver: () => void): void {
    const { grpcReportsSuccess, grpcReportsFailed } = this.#stats;
    this.#grpc.call(service, EXPORT, bytes, {
      onMessage: () => {
        grpcReportsSuccess.inc();
        onOver();
      },
      onFailure: () => {
        grpcReportsFailed.inc();
        onOver();
      },
    });
  }

  #exportHttp(service: HttpServiceRequestData, bytes: Uint8Array, onOver: () => void): void {
    const { httpReportsSent, httpReportsSuccess, httpReportsFailed } = this.#stats;
    httpReportsSent.inc();
    const request = {
      headers: httpServiceHeaders(service, "application/x-protobuf"),
      body: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
      timeoutMs: service.timeoutMs,
      maxResponseBytes: MOST_RESPONSE_BYTES,
      retry: null,
    };
    this.#worker.asyncClient.send(service.cluster, request, {
      onResponse: () => {
        httpReportsSuccess.inc();
        onOver();
      },
      onFailure: () => {
        httpReportsFailed.inc();
        onOver();
      },
    });
  }
}
