import type { RequestHeaderMap, ResponseHeaderMap, TrailerMap } from "../../http/header-map.ts";
import { addCheckHeaders } from "./check-headers.ts";
import { HealthCheckResponse, healthCheckRequest } from "./grpc-health-message.ts";
import type { GrpcCheckData } from "./health-check-data.ts";
import type { ProbeResult, ProbeTarget } from "./probe.ts";
import type { ProbeCodecEnvironment } from "./probe-connection.ts";
import { RequestProbe } from "./request-probe.ts";

const PATH = "/grpc.health.v1.Health/Check";
const FAILURE: ProbeResult = { ok: false, failure: "ACTIVE", retriable: false };
const SUCCESS: ProbeResult = { ok: true, degraded: false };
const GRPC_HEADERS = ["te", "trailers", "content-type", "application/grpc"];
const GRPC_CONTENT = /^application\/grpc(?:[+;]|$)/i;

/** Checks a host by `grpc.health.v1.Health/Check` over HTTP/2: it must answer OK and SERVING. Source: Envoy's gRPC health checker. */
export class GrpcProbe extends RequestProbe<ProbeCodecEnvironment> {
  protected readonly requestBody: Buffer;
  readonly #data: GrpcCheckData;
  #isGrpc = false;
  #status: string | undefined;
  #response = new HealthCheckResponse();

  constructor(
    data: GrpcCheckData,
    reuse: boolean,
    target: ProbeTarget,
    environment: ProbeCodecEnvironment,
    onResult: (result: ProbeResult) => void,
  ) {
    super(null, reuse, target, environment, onResult);
    this.#data = data;
    this.requestBody = healthCheckRequest(data.serviceName);
  }

  decodeHeaders(headers: ResponseHeaderMap, endStream: boolean): void {
    this.#isGrpc = headers.status === 200 && GRPC_CONTENT.test(headers.get("content-type") ?? "");
    if (endStream) this.#status = headers.get("grpc-status");
    else if (!this.#isGrpc) {
      // No rest of it would make this an answer.
      this.why = `it answered ${headers.status} without gRPC`;
      this.giveUp(FAILURE);
    }
  }

  decodeData(data: Buffer): void {
    this.#response.add(data);
  }

  decodeTrailers(trailers: TrailerMap): void {
    this.#status = trailers.get("grpc-status");
  }

  protected request(): RequestHeaderMap {
    const headers = this.requestTo(PATH, this.#data.authority, GRPC_HEADERS);
    headers.method = "POST";
    addCheckHeaders(headers, this.#data.headersToAdd);
    return headers;
  }

  protected beginAnswer(): void {
    this.#isGrpc = false;
    this.#status = undefined;
    this.#response = new HealthCheckResponse();
  }

  protected judge(): ProbeResult {
    this.why = this.#whyUnwell();
    return this.why === "" ? SUCCESS : FAILURE;
  }

  #whyUnwell(): string {
    if (!this.#isGrpc) return "it answered without gRPC";
    if (this.#status !== "0") return `it answered with gRPC status ${this.#status ?? "none"}`;
    return this.#response.isServing ? "" : "it is not SERVING";
  }
}
