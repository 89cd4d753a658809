import type { ResponseDecoder } from "../../http/codec.ts";
import { RequestHeaderMap, type ResponseHeaderMap, type TrailerMap } from "../../http/header-map.ts";
import { addCheckHeaders } from "./check-headers.ts";
import { HealthCheckResponse, healthCheckRequest } from "./grpc-health-message.ts";
import type { GrpcCheckData } from "./health-check-data.ts";
import type { Probe, ProbeResult, ProbeTarget } from "./probe.ts";
import { type ProbeCodecEnvironment, ProbeConnection } from "./probe-connection.ts";

const PATH = "/grpc.health.v1.Health/Check";
const NETWORK_FAILURE: ProbeResult = { ok: false, failure: "NETWORK", retriable: false };
const FAILURE: ProbeResult = { ok: false, failure: "ACTIVE", retriable: false };
const SUCCESS: ProbeResult = { ok: true, degraded: false };
const GRPC_CONTENT = /^application\/grpc(?:[+;]|$)/i;

/** Checks a host by `grpc.health.v1.Health/Check` over HTTP/2: it must answer OK and SERVING. Source: Envoy's gRPC health checker. */
export class GrpcProbe implements Probe, ResponseDecoder {
  readonly #data: GrpcCheckData;
  readonly #request: Buffer;
  readonly #reuse: boolean;
  readonly #target: ProbeTarget;
  readonly #environment: ProbeCodecEnvironment;
  readonly #onResult: (result: ProbeResult) => void;
  #connection: ProbeConnection | null = null;
  #isGrpc = false;
  #status: string | undefined;
  #response = new HealthCheckResponse();
  #why = "";

  constructor(
    data: GrpcCheckData,
    reuse: boolean,
    target: ProbeTarget,
    environment: ProbeCodecEnvironment,
    onResult: (result: ProbeResult) => void,
  ) {
    this.#data = data;
    this.#request = healthCheckRequest(data.serviceName);
    this.#reuse = reuse;
    this.#target = target;
    this.#environment = environment;
    this.#onResult = onResult;
  }

  get why(): string {
    return this.#why;
  }

  start(): void {
    if (this.#connection?.isUsable !== true) {
      this.#connection?.close();
      this.#connection = new ProbeConnection(this.#target, null, this.#environment);
    }
    this.#isGrpc = false;
    this.#status = undefined;
    this.#response = new HealthCheckResponse();
    this.#connection.ask(this.#headers(), this.#request, this, (complete) => this.#onEnd(complete));
  }

  cancel(): void {
    this.close();
  }

  close(): void {
    this.#connection?.close();
    this.#connection = null;
  }

  decode1xxHeaders(): void {}

  decodeHeaders(headers: ResponseHeaderMap, endStream: boolean): void {
    this.#isGrpc = headers.status === 200 && GRPC_CONTENT.test(headers.get("content-type") ?? "");
    if (endStream) this.#status = headers.get("grpc-status");
    // No rest of it would make this an answer.
    else if (!this.#isGrpc) this.#giveUp(headers.status);
  }

  decodeData(data: Buffer): void {
    this.#response.add(data);
  }

  decodeTrailers(trailers: TrailerMap): void {
    this.#status = trailers.get("grpc-status");
  }

  #giveUp(status: number): void {
    this.#why = `it answered ${status} without gRPC`;
    this.close();
    this.#onResult(FAILURE);
  }

  #onEnd(complete: boolean): void {
    const isWell = complete && this.#isGrpc && this.#status === "0" && this.#response.isServing;
    this.#why = isWell ? "" : complete ? this.#answered() : (this.#connection?.why ?? "");
    if (!this.#reuse) this.close();
    if (!complete) this.#onResult(NETWORK_FAILURE);
    else this.#onResult(isWell ? SUCCESS : FAILURE);
  }

  #answered(): string {
    if (!this.#isGrpc) return "it answered without gRPC";
    return this.#status === "0" ? "it is not SERVING" : `it answered with gRPC status ${this.#status ?? "none"}`;
  }

  #headers(): RequestHeaderMap {
    const headers = new RequestHeaderMap([
      "te",
      "trailers",
      "content-type",
      "application/grpc",
      "user-agent",
      "Envoy/HC",
    ]);
    headers.method = "POST";
    headers.path = PATH;
    headers.scheme = this.#target.transportSocket === null ? "http" : "https";
    headers.authority = this.#target.hostname || this.#data.authority || this.#target.clusterName;
    addCheckHeaders(headers, this.#data.headersToAdd);
    return headers;
  }
}
