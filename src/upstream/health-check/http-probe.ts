import type { ResponseDecoder } from "../../http/codec.ts";
import { internHeaderName, RequestHeaderMap, type ResponseHeaderMap } from "../../http/header-map.ts";
import type { Http1ClientOptions } from "../../http/http1/codec-options.ts";
import { createStringMatcher, type StringMatcher } from "../../match/string-matcher.ts";
import { http1ClientOptions } from "../http1-client-options.ts";
import { addCheckHeaders } from "./check-headers.ts";
import type { HttpCheckData, StatusRangeData } from "./health-check-data.ts";
import type { Probe, ProbeResult, ProbeTarget } from "./probe.ts";
import { type ProbeCodecEnvironment, ProbeConnection } from "./probe-connection.ts";
import { ReceivedPayload } from "./received-payload.ts";

const HEALTHCHECKED_CLUSTER = "x-envoy-upstream-healthchecked-cluster";

/** What HTTP checks work with. */
export interface HttpProbeEnvironment extends ProbeCodecEnvironment {
  /** `verify_cluster`: the answer's service name was compared. */
  onVerifyCluster(): void;
}

/** Checks a host by an HTTP request, through Troupe's own codecs. Source: Envoy's HTTP health checker. */
export class HttpProbe implements Probe, ResponseDecoder {
  readonly #data: HttpCheckData;
  /** Null = HTTP/2. */
  readonly #http1: Http1ClientOptions | null;
  readonly #send: Buffer;
  readonly #receive: readonly Buffer[];
  readonly #serviceName: StringMatcher | null;
  readonly #reuse: boolean;
  readonly #target: ProbeTarget;
  readonly #environment: HttpProbeEnvironment;
  readonly #onResult: (result: ProbeResult) => void;
  #connection: ProbeConnection | null = null;
  #headers: ResponseHeaderMap | null = null;
  #received: ReceivedPayload;
  #why = "";

  constructor(
    data: HttpCheckData,
    reuse: boolean,
    target: ProbeTarget,
    environment: HttpProbeEnvironment,
    onResult: (result: ProbeResult) => void,
  ) {
    this.#data = data;
    this.#http1 = data.http2 ? null : http1ClientOptions(data.http1);
    this.#send = Buffer.from(data.send, "hex");
    this.#receive = data.receive.map((part) => Buffer.from(part, "hex"));
    this.#serviceName = data.serviceNameMatcher === null ? null : createStringMatcher(data.serviceNameMatcher);
    this.#reuse = reuse;
    this.#target = target;
    this.#environment = environment;
    this.#received = new ReceivedPayload(this.#receive, data.responseBufferBytes);
    this.#onResult = onResult;
  }

  get why(): string {
    return this.#why;
  }

  start(): void {
    if (this.#connection?.isUsable !== true) {
      this.#connection?.close();
      this.#connection = new ProbeConnection(this.#target, this.#http1, this.#environment);
    }
    this.#headers = null;
    this.#received = new ReceivedPayload(this.#receive, this.#data.responseBufferBytes);
    this.#connection.ask(this.#request(), this.#send, this, (complete) => this.#onEnd(complete));
  }

  cancel(): void {
    this.close();
  }

  close(): void {
    this.#connection?.close();
    this.#connection = null;
  }

  decode1xxHeaders(): void {}

  decodeHeaders(headers: ResponseHeaderMap): void {
    this.#headers = headers;
  }

  decodeData(data: Buffer): void {
    this.#received.add(data);
  }

  decodeTrailers(): void {}

  #onEnd(complete: boolean): void {
    const headers = complete ? this.#headers : null;
    this.#why = headers === null ? (this.#connection?.why ?? "") : "";
    if (!this.#reuse) this.close();
    this.#onResult(headers === null ? { ok: false, failure: "NETWORK", retriable: false } : this.#judge(headers));
  }

  #judge(headers: ResponseHeaderMap): ProbeResult {
    const { expectedStatuses, retriableStatuses } = this.#data;
    if (!contains(expectedStatuses, headers.status)) {
      this.#why = `it answered ${headers.status}`;
      return { ok: false, failure: "ACTIVE", retriable: contains(retriableStatuses, headers.status) };
    }
    if (!this.#received.matches) {
      this.#why = "its answer lacks the bytes that are expected";
      return { ok: false, failure: "ACTIVE", retriable: false };
    }
    if (this.#serviceName !== null) {
      this.#environment.onVerifyCluster();
      if (!this.#serviceName.matches(headers.get(HEALTHCHECKED_CLUSTER) ?? "")) {
        this.#why = "it is of another service";
        return { ok: false, failure: "ACTIVE", retriable: false };
      }
    }
    return { ok: true, degraded: headers.has("x-envoy-degraded") };
  }

  #request(): RequestHeaderMap {
    const { method, path, host, headersToAdd, headersToRemove } = this.#data;
    const headers = new RequestHeaderMap(["user-agent", "Envoy/HC"]);
    headers.method = method;
    headers.path = path;
    headers.scheme = this.#target.transportSocket === null ? "http" : "https";
    headers.authority = this.#target.hostname || host || this.#target.clusterName;
    if (this.#send.length > 0) headers.add("content-length", String(this.#send.length));
    for (const name of headersToRemove) headers.remove(internHeaderName(name));
    addCheckHeaders(headers, headersToAdd);
    return headers;
  }
}

function contains(ranges: readonly StatusRangeData[], status: number): boolean {
  return ranges.some(({ start, end }) => status >= start && status < end);
}
