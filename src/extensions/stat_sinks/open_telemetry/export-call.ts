import type { TimerWheel, WheelTimer } from "../../../base/timer-wheel.ts";
import type { ResponseDecoder } from "../../../http/codec.ts";
import { grpcFrame } from "../../../http/grpc/grpc-frames.ts";
import {
  internHeaderName,
  RequestHeaderMap,
  type ResponseHeaderMap,
  type TrailerMap,
} from "../../../http/header-map.ts";
import type { GrpcServiceData } from "../../../upstream/async/grpc-service-data.ts";
import type { ProbeConnection } from "../../../upstream/health-check/probe-connection.ts";

const PATH = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";

/** One export of metrics over a connection, until the collector has answered. */
export class ExportCall implements ResponseDecoder {
  readonly #connection: ProbeConnection;
  readonly #timer: WheelTimer;
  #onOver: ((problem: string) => void) | null;
  #status: string | undefined;
  #httpStatus = 0;

  /** `onOver` follows once unless the call is given up: with `""`, or with what went wrong. */
  constructor(connection: ProbeConnection, timers: TimerWheel, onOver: (problem: string) => void) {
    this.#connection = connection;
    this.#onOver = onOver;
    this.#timer = timers.timer(() => {
      this.#connection.close();
      this.#end("the collector did not answer in time");
    });
  }

  start(service: GrpcServiceData, message: Uint8Array): void {
    if (service.timeoutMs > 0) this.#timer.arm(service.timeoutMs);
    this.#connection.ask(exportHeaders(service), grpcFrame(message), this, (complete) => this.#onEnd(complete));
  }

  giveUp(): void {
    this.#onOver = null;
    this.#timer.disarm();
  }

  decode1xxHeaders(): void {}

  decodeHeaders(headers: ResponseHeaderMap): void {
    this.#httpStatus = headers.status;
    this.#status = headers.get("grpc-status");
  }

  decodeData(): void {}

  decodeTrailers(trailers: TrailerMap): void {
    this.#status = trailers.get("grpc-status");
  }

  #onEnd(complete: boolean): void {
    if (!complete) this.#end("the connection failed");
    else if (this.#httpStatus !== 200) this.#end(`HTTP status ${this.#httpStatus}`);
    else this.#end(this.#status === "0" ? "" : `gRPC status ${this.#status ?? "missing"}`);
  }

  #end(problem: string): void {
    const onOver = this.#onOver;
    this.giveUp();
    onOver?.(problem);
  }
}

function exportHeaders(service: GrpcServiceData): RequestHeaderMap {
  const headers = new RequestHeaderMap(["te", "trailers", "content-type", "application/grpc"]);
  headers.method = "POST";
  headers.scheme = "http";
  headers.authority = service.authority;
  headers.path = PATH;
  for (const [name, value] of service.initialMetadata) headers.add(internHeaderName(name), value);
  return headers;
}
