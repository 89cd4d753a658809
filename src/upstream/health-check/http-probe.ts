import { internHeaderName, type RequestHeaderMap, type ResponseHeaderMap } from "../../http/header-map.ts";
import { createStringMatcher, type StringMatcher } from "../../match/string-matcher.ts";
import { http1ClientOptions } from "../http1-client-options.ts";
import { addCheckHeaders } from "./check-headers.ts";
import type { HttpCheckData, StatusRangeData } from "./health-check-data.ts";
import type { ProbeResult, ProbeTarget } from "./probe.ts";
import type { ProbeCodecEnvironment } from "./probe-connection.ts";
import { ReceivedPayload } from "./received-payload.ts";
import { RequestProbe } from "./request-probe.ts";

const HEALTHCHECKED_CLUSTER = "x-envoy-upstream-healthchecked-cluster";

/** What HTTP checks work with. */
export interface HttpProbeEnvironment extends ProbeCodecEnvironment {
  /** `verify_cluster`: the answer's service name was compared. */
  onVerifyCluster(): void;
}

/** Checks a host by an HTTP request. Source: Envoy's HTTP health checker. */
export class HttpProbe extends RequestProbe<HttpProbeEnvironment> {
  protected readonly requestBody: Buffer;
  readonly #data: HttpCheckData;
  readonly #receive: readonly Buffer[];
  readonly #serviceName: StringMatcher | null;
  #headers: ResponseHeaderMap | null = null;
  #received: ReceivedPayload;

  constructor(
    data: HttpCheckData,
    reuse: boolean,
    target: ProbeTarget,
    environment: HttpProbeEnvironment,
    onResult: (result: ProbeResult) => void,
  ) {
    super(data.http2 ? null : http1ClientOptions(data.http1), reuse, target, environment, onResult);
    this.#data = data;
    this.requestBody = Buffer.from(data.send, "hex");
    this.#receive = data.receive.map((part) => Buffer.from(part, "hex"));
    this.#serviceName = data.serviceNameMatcher === null ? null : createStringMatcher(data.serviceNameMatcher);
    this.#received = new ReceivedPayload(this.#receive, data.responseBufferBytes);
  }

  decodeHeaders(headers: ResponseHeaderMap): void {
    this.#headers = headers;
  }

  decodeData(data: Buffer): void {
    this.#received.add(data);
  }

  decodeTrailers(): void {}

  protected request(): RequestHeaderMap {
    const { method, path, host, headersToAdd, headersToRemove } = this.#data;
    const headers = this.requestTo(path, host, []);
    headers.method = method;
    if (this.requestBody.length > 0) headers.add("content-length", String(this.requestBody.length));
    for (const name of headersToRemove) headers.remove(internHeaderName(name));
    addCheckHeaders(headers, headersToAdd);
    return headers;
  }

  protected beginAnswer(): void {
    this.#headers = null;
    this.#received = new ReceivedPayload(this.#receive, this.#data.responseBufferBytes);
  }

  protected judge(): ProbeResult {
    const headers = this.#headers!;
    const { expectedStatuses, retriableStatuses } = this.#data;
    if (!contains(expectedStatuses, headers.status)) {
      return this.#unwell(`it answered ${headers.status}`, contains(retriableStatuses, headers.status));
    }
    if (!this.#received.matches) return this.#unwell("its answer lacks the bytes that are expected");
    if (this.#serviceName !== null) {
      this.environment.onVerifyCluster();
      const serviceName = headers.get(HEALTHCHECKED_CLUSTER) ?? "";
      if (!this.#serviceName.matches(serviceName)) return this.#unwell("it is of another service");
    }
    return { ok: true, degraded: headers.has("x-envoy-degraded") };
  }

  #unwell(why: string, retriable = false): ProbeResult {
    this.why = why;
    return { ok: false, failure: "ACTIVE", retriable };
  }
}

function contains(ranges: readonly StatusRangeData[], status: number): boolean {
  return ranges.some(({ start, end }) => status >= start && status < end);
}
