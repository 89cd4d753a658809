import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import * as grpc from "@grpc/grpc-js";
import { type ReceivedPoint, readOtlpMetrics } from "./otlp-metrics-reader.ts";
import { type ReceivedSpan, readOtlpSpans } from "./otlp-reader.ts";

/** A request that a collector got. */
export interface CollectedRequest {
  readonly path: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

/** An HTTP collector: keeps what it gets and answers 202. */
export class HttpCollector {
  readonly requests: CollectedRequest[] = [];
  readonly #server: http.Server;
  status = 202;

  private constructor() {
    this.#server = http.createServer(async (request, response) => {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part as Buffer);
      this.requests.push({ path: request.url ?? "", headers: request.headers, body: Buffer.concat(parts) });
      response.writeHead(this.status).end();
    });
  }

  static async start(): Promise<HttpCollector> {
    const collector = new HttpCollector();
    collector.#server.listen(0, "127.0.0.1");
    await once(collector.#server, "listening");
    return collector;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

/** What an OpenTelemetry collector takes: by the name of its service. */
const PATHS = { trace: "trace.v1.TraceService", metrics: "metrics.v1.MetricsService" } as const;

/** An OpenTelemetry collector of one kind by gRPC, with a server of grpc-js. Answers as long as `answers` is true. */
abstract class OtlpCollector {
  readonly metadata: grpc.Metadata[] = [];
  readonly #server = new grpc.Server();
  answers = true;
  port = 0;

  /** Takes a message. */
  protected abstract take(message: Buffer): void;

  protected async listen(kind: keyof typeof PATHS): Promise<this> {
    const same = (message: Buffer): Buffer => message;
    const method = {
      path: `/opentelemetry.proto.collector.${PATHS[kind]}/Export`,
      requestStream: false,
      responseStream: false,
      requestSerialize: same,
      requestDeserialize: same,
      responseSerialize: same,
      responseDeserialize: same,
    };
    this.#server.addService(
      { export: method },
      {
        export: (call: grpc.ServerUnaryCall<Buffer, Buffer>, callback: grpc.sendUnaryData<Buffer>) => {
          this.take(call.request);
          this.metadata.push(call.metadata);
          if (this.answers) callback(null, Buffer.alloc(0));
        },
      },
    );
    this.port = await new Promise<number>((resolve, reject) => {
      const credentials = grpc.ServerCredentials.createInsecure();
      this.#server.bindAsync("127.0.0.1:0", credentials, (error, port) =>
        error === null ? resolve(port) : reject(error),
      );
    });
    return this;
  }

  stop(): void {
    this.#server.forceShutdown();
  }
}

/** A collector of traces. */
export class OtlpGrpcCollector extends OtlpCollector {
  readonly spans: ReceivedSpan[] = [];

  static start(): Promise<OtlpGrpcCollector> {
    return new OtlpGrpcCollector().listen("trace");
  }

  protected take(message: Buffer): void {
    this.spans.push(...readOtlpSpans(message));
  }
}

/** A collector of metrics. */
export class OtlpMetricsCollector extends OtlpCollector {
  /** The data points of each export. */
  readonly exports: (readonly ReceivedPoint[])[] = [];

  static start(): Promise<OtlpMetricsCollector> {
    return new OtlpMetricsCollector().listen("metrics");
  }

  /** The last point of a metric with these attributes. */
  last(name: string, attributes: Readonly<Record<string, string>> = {}): ReceivedPoint | undefined {
    const wanted = Object.entries(attributes);
    return this.exports
      .flat()
      .findLast((point) => point.name === name && wanted.every(([key, value]) => point.attributes[key] === value));
  }

  protected take(message: Buffer): void {
    this.exports.push(readOtlpMetrics(message));
  }
}
