import { CodecError, type ResponseDecoder } from "../../http/codec.ts";
import { type HeaderMap, internHeaderName, RequestHeaderMap, type ResponseHeaderMap } from "../../http/header-map.ts";
import { Http1ClientConnection } from "../../http/http1/client-connection.ts";
import { DEFAULT_HTTP1_CLIENT_OPTIONS } from "../../http/http1/codec-options.ts";
import { createStringMatcher, type StringMatcher } from "../../match/string-matcher.ts";
import type { CheckHeaderData, HttpCheckData, StatusRangeData } from "./health-check-data.ts";
import type { Probe, ProbeResult, ProbeTarget } from "./probe.ts";
import { ProbeSocket } from "./probe-socket.ts";
import { ReceivedPayload } from "./received-payload.ts";

const HEALTHCHECKED_CLUSTER = "x-envoy-upstream-healthchecked-cluster";

/** What is counted of HTTP checks beside their results. */
export interface HttpProbeStats {
  /** `verify_cluster`: the answer's service name was compared. */
  onVerifyCluster(): void;
}

/** Checks a host by an HTTP/1 request, through Troupe's own codec. Source: Envoy's HTTP health checker. */
export class HttpProbe implements Probe {
  readonly #data: HttpCheckData;
  readonly #send: Buffer;
  readonly #receive: readonly Buffer[];
  readonly #serviceName: StringMatcher | null;
  readonly #reuse: boolean;
  readonly #target: ProbeTarget;
  readonly #stats: HttpProbeStats;
  readonly #onResult: (result: ProbeResult) => void;
  #connection: ProbeConnection | null = null;

  constructor(
    data: HttpCheckData,
    reuse: boolean,
    target: ProbeTarget,
    stats: HttpProbeStats,
    onResult: (result: ProbeResult) => void,
  ) {
    this.#data = data;
    this.#send = Buffer.from(data.send, "hex");
    this.#receive = data.receive.map((part) => Buffer.from(part, "hex"));
    this.#serviceName = data.serviceNameMatcher === null ? null : createStringMatcher(data.serviceNameMatcher);
    this.#reuse = reuse;
    this.#target = target;
    this.#stats = stats;
    this.#onResult = onResult;
  }

  start(): void {
    if (this.#connection?.isUsable !== true) {
      this.#connection?.close();
      this.#connection = new ProbeConnection(this.#target);
    }
    const received = new ReceivedPayload(this.#receive, this.#data.responseBufferBytes);
    this.#connection.ask(this.#request(), this.#send, received, (headers) => this.#onAnswer(headers, received));
  }

  cancel(): void {
    this.close();
  }

  close(): void {
    this.#connection?.close();
    this.#connection = null;
  }

  /** `headers` null = no whole answer. */
  #onAnswer(headers: ResponseHeaderMap | null, received: ReceivedPayload): void {
    if (!this.#reuse) this.close();
    this.#onResult(
      headers === null ? { ok: false, failure: "NETWORK", retriable: false } : this.#judge(headers, received),
    );
  }

  #judge(headers: ResponseHeaderMap, received: ReceivedPayload): ProbeResult {
    const { expectedStatuses, retriableStatuses } = this.#data;
    if (!contains(expectedStatuses, headers.status)) {
      return { ok: false, failure: "ACTIVE", retriable: contains(retriableStatuses, headers.status) };
    }
    if (!received.matches) return { ok: false, failure: "ACTIVE", retriable: false };
    if (this.#serviceName !== null) {
      this.#stats.onVerifyCluster();
      if (!this.#serviceName.matches(headers.get(HEALTHCHECKED_CLUSTER) ?? "")) {
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
    headers.scheme = "http";
    headers.authority = this.#target.hostname || host || this.#target.clusterName;
    if (this.#send.length > 0) headers.add("content-length", String(this.#send.length));
    for (const name of headersToRemove) headers.remove(internHeaderName(name));
    for (const addition of headersToAdd) addHeader(headers, addition);
    return headers;
  }
}

function addHeader(headers: HeaderMap, { name, value, action, keepEmptyValue }: CheckHeaderData): void {
  if (value === "" && !keepEmptyValue) return;
  const present = headers.has(name);
  if (action === "appendOrAdd") headers.add(internHeaderName(name), value);
  else if (action === "overwriteOrAdd" || present === (action === "overwriteIfExists")) {
    headers.set(internHeaderName(name), value);
  }
}

function contains(ranges: readonly StatusRangeData[], status: number): boolean {
  return ranges.some(({ start, end }) => status >= start && status < end);
}

/** One connection with its codec. Carries one request after the other while it is fit for it. */
class ProbeConnection implements ResponseDecoder {
  readonly #socket: ProbeSocket;
  readonly #codec: Http1ClientConnection;
  #headers: ResponseHeaderMap | null = null;
  #received: ReceivedPayload | null = null;
  #onAnswer: ((headers: ResponseHeaderMap | null) => void) | null = null;
  #connected = false;
  #waiting: (() => void) | null = null;
  #closed = false;

  constructor({ address }: ProbeTarget) {
    this.#socket = new ProbeSocket(address, {
      onConnected: () => {
        this.#connected = true;
        this.#waiting?.();
        this.#waiting = null;
      },
      onData: (data) => this.#onData(data),
      onClosed: () => {
        this.#codec.onRemoteClose();
        this.#end(null);
        this.#closed = true;
      },
    });
    this.#codec = new Http1ClientConnection(
      DEFAULT_HTTP1_CLIENT_OPTIONS,
      this.#socket,
      { onStreamComplete: (reusable, wasReset) => this.#onComplete(reusable, wasReset), onGoAway: () => {} },
      { readDisable: (disable) => this.#socket.readDisable(disable), closeWrite: () => {} },
    );
  }

  /** Whether another request may follow the last one. */
  get isUsable(): boolean {
    return !this.#closed && this.#onAnswer === null;
  }

  ask(
    request: RequestHeaderMap,
    body: Buffer,
    received: ReceivedPayload,
    onAnswer: (headers: ResponseHeaderMap | null) => void,
  ): void {
    this.#headers = null;
    this.#received = received;
    this.#onAnswer = onAnswer;
    const send = (): void => {
      const encoder = this.#codec.newStream(this);
      encoder.encodeHeaders(request, body.length === 0);
      if (body.length > 0) encoder.encodeData(Buffer.from(body), true);
    };
    if (this.#connected) send();
    else this.#waiting = send;
  }

  /** Gives up the connection and any answer. */
  close(): void {
    this.#onAnswer = null;
    this.#closed = true;
    this.#socket.destroy();
  }

  decode1xxHeaders(): void {}

  decodeHeaders(headers: ResponseHeaderMap): void {
    this.#headers = headers;
  }

  decodeData(data: Buffer): void {
    this.#received?.add(data);
  }

  decodeTrailers(): void {}

  #onComplete(reusable: boolean, wasReset: boolean): void {
    const answer = wasReset ? null : this.#headers;
    if (!reusable) this.#closed = true;
    this.#end(answer);
    if (!reusable) this.#socket.destroy();
  }

  #onData(data: Buffer): void {
    try {
      this.#codec.dispatch(data);
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
      this.#closed = true;
      this.#socket.destroy();
      this.#end(null);
    }
  }

  #end(headers: ResponseHeaderMap | null): void {
    const onAnswer = this.#onAnswer;
    this.#onAnswer = null;
    onAnswer?.(headers);
  }
}
