import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import * as grpc from "@grpc/grpc-js";
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

/** An OpenTelemetry collector for traces by gRPC, with a server of grpc-js. */
export class OtlpGrpcCollector {
  readonly spans: ReceivedSpan[] = [];
  readonly metadata: grpc.Metadata[] = [];
  readonly #server = new grpc.Server();
  port = 0;

  static async start(): Promise<OtlpGrpcCollector> {
    const collector = new OtlpGrpcCollector();
    const service = {
      export: {
        path: "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
        requestStream: false,
        responseStream: false,
        requestSerialize: (message: Buffer) => message,
        requestDeserialize: (message: Buffer) => message,
        responseSerialize: (message: Buffer) => message,
        responseDeserialize: (message: Buffer) => message,
      },
    };
    collector.#server.addService(service, {
      export(call: grpc.ServerUnaryCall<Buffer, Buffer>, callback: grpc.sendUnaryData<Buffer>) {
        collector.spans.push(...readOtlpSpans(call.request));
        collector.metadata.push(call.metadata);
        callback(null, Buffer.alloc(0));
      },
    });
    collector.port = await new Promise<number>((resolve, reject) => {
      const credentials = grpc.ServerCredentials.createInsecure();
      collector.#server.bindAsync("127.0.0.1:0", credentials, (error, port) =>
        error === null ? resolve(port) : reject(error),
      );
    });
    return collector;
  }

  stop(): void {
    this.#server.forceShutdown();
  }
}
