import { RequestHeaderMap } from "../../../http/header-map.ts";
import { readB3Context, writeB3Context } from "../../../tracing/b3-context.ts";
import { RecordedSpan, type SpanIdentity, type SpanOwner } from "../../../tracing/recorded-span.ts";
import { SpanReporter } from "../../../tracing/span-reporter.ts";
import { randomId64 } from "../../../tracing/trace-ids.ts";
import type { TracedRequest, Tracer } from "../../../tracing/tracer.ts";
import type { AsyncFailure } from "../../../upstream/async/async-failure.ts";
import type { WorkerContext } from "../../extension-module.ts";
import type { ZipkinStats } from "./stats.ts";
import type { ZipkinData } from "./zipkin-data.ts";
import { zipkinJson } from "./zipkin-json.ts";

const REQUEST_TIMEOUT_MS = 5000;
const MOST_RESPONSE_BYTES = 65_536;
const ACCEPTED = 202;

/**
 * Spans for Zipkin, with B3 headers. Source: Envoy's `Zipkin::Driver` and `Tracer`.
 * Differs from Envoy: `localEndpoint` has the name of the service and no address.
 */
export class ZipkinTracer implements Tracer, SpanOwner {
  readonly #data: ZipkinData;
  readonly #worker: WorkerContext;
  readonly #stats: ZipkinStats;
  readonly #reporter: SpanReporter;

  constructor(data: ZipkinData, worker: WorkerContext, stats: ZipkinStats) {
    this.#data = data;
    this.#worker = worker;
    this.#stats = stats;
    this.#reporter = new SpanReporter(
      { timers: worker.timers, runtime: worker.runtime, stats: stats.reporter, runtimePrefix: "tracing.zipkin" },
      (spans, onOver) => this.#export(spans, onOver),
    );
  }

  startSpan({ headers, streamInfo, settings, sampled, egress }: TracedRequest): RecordedSpan {
    const isClient = egress && !settings.spawnUpstream;
    const context = readB3Context(headers);
    const identity = this.#identity(context.sampled ?? sampled, context.parent, isClient);
    const kind = isClient ? "client" : "server";
    return new RecordedSpan(this, settings, identity, kind, headers.authority, streamInfo.startWallMs);
  }

  release(): void {
    this.#reporter.flush();
    this.#stats.release();
  }

  inject(span: RecordedSpan, headers: RequestHeaderMap): void {
    writeB3Context(headers, span);
  }

  childIdentity({ traceId, spanId, sampled }: RecordedSpan): SpanIdentity {
    return {
      traceId,
      spanId: randomId64(this.#worker.random),
      parentId: spanId,
      sampled,
      traceState: "",
      shared: false,
    };
  }

  report(span: RecordedSpan): void {
    this.#reporter.report(span);
  }

  #identity(
    sampled: boolean,
    parent: { readonly traceId: string; readonly spanId: string; readonly parentId: string } | null,
    isClient: boolean,
  ): SpanIdentity {
    const { random } = this.#worker;
    if (parent === null) {
      const spanId = randomId64(random);
      const traceId = this.#data.traceId128Bit ? randomId64(random) + spanId : spanId;
      return { traceId, spanId, parentId: "", sampled, traceState: "", shared: false };
    }
    if (this.#data.sharedSpanContext && !isClient) return { ...parent, sampled, traceState: "", shared: true };
    return { ...parent, parentId: parent.spanId, spanId: randomId64(random), sampled, traceState: "", shared: false };
  }

  #export(spans: readonly RecordedSpan[], onOver: () => void): void {
    const { collectorCluster, collectorEndpoint, collectorHostname, serviceName } = this.#data;
    const headers = new RequestHeaderMap();
    headers.method = "POST";
    headers.scheme = "http";
    headers.authority = collectorHostname;
    headers.path = collectorEndpoint;
    headers.add("content-type", "application/json");
    const timeoutMs = this.#worker.runtime.integer({
      runtimeKey: "tracing.zipkin.request_timeout",
      value: REQUEST_TIMEOUT_MS,
    });
    const body = Buffer.from(zipkinJson(spans, serviceName), "utf8");
    const request = { headers, body, timeoutMs, maxResponseBytes: MOST_RESPONSE_BYTES, retry: null };
    this.#worker.asyncClient.send(collectorCluster, request, {
      onResponse: (response) => {
        (response.headers.status === ACCEPTED ? this.#stats.reportsSent : this.#stats.reportsDropped).inc();
        onOver();
      },
      onFailure: ({ reason }: AsyncFailure) => {
        (reason === "noCluster" ? this.#stats.reportsSkippedNoCluster : this.#stats.reportsFailed).inc();
        onOver();
      },
    });
  }
}
