import { JitteredBackOff } from "../../base/jittered-back-off.ts";
import type { RandomSource } from "../../base/random.ts";
import type { TimerWheel, WheelTimer } from "../../base/timer-wheel.ts";
import type { RequestHeaderMap, ResponseHeaderMap, TrailerMap } from "../../http/header-map.ts";
import type { Span } from "../../http/span.ts";
import type { ThreadLocalCluster } from "../thread-local-cluster.ts";
import { type AsyncCallPeer, AsyncCallSpan, type AsyncCallTrace } from "./async-call-span.ts";
import type { AsyncCall, AsyncFailure, AsyncFailureReason } from "./async-failure.ts";
import { AsyncStream, type AsyncStreamCallbacks } from "./async-stream.ts";

/** How often, and after what waits, a request is repeated that got a 5xx, no connection, or was reset. Plain data. */
export interface AsyncRetryData {
  readonly numRetries: number;
  readonly baseMs: number;
  readonly maxMs: number;
}

/** A request of the async client, whole. */
export interface AsyncRequest {
  /** Belongs to the client from now on. `content-length` is set by it. */
  readonly headers: RequestHeaderMap;
  readonly body: Buffer | null;
  /** For all attempts together, from now to the last byte of the response. 0 = as long as it takes. */
  readonly timeoutMs: number;
  /** A longer body of the response is a failure. */
  readonly maxResponseBytes: number;
  /** Null = one attempt. */
  readonly retry: AsyncRetryData | null;
  /** Leaves out `x-envoy-internal`. Default false. */
  readonly skipEnvoyHeaders?: boolean;
  /** The span that it is to have; null or absent: none. */
  readonly trace?: AsyncCallTrace | null;
}

/** A whole response, whatever its status. */
export interface AsyncResponse {
  readonly headers: ResponseHeaderMap;
  readonly body: Buffer;
  readonly trailers: TrailerMap | null;
}

/**
 * Gets exactly one of the two calls, perhaps before `send` returns; none after `cancel`. `span` is the request's own, if it has one: it ends after the
 * call.
 */
export interface AsyncRequestCallbacks {
  onResponse(response: AsyncResponse, span: Span | null): void;
  onFailure(failure: AsyncFailure, span: Span | null): void;
}

/** What requests need of their worker. */
export interface AsyncEnvironment {
  readonly timers: TimerWheel;
  readonly random: RandomSource;
}

const EMPTY = Buffer.alloc(0);
const NO_PEER: AsyncCallPeer = { hostAddress: "", protocol: "" };
const RETRIED: ReadonlySet<AsyncFailureReason> = new Set(["connectionFailure", "reset"]);

/** A request under way: its attempts, one after the other, its time limit, and the response as far as it has come. */
export class AsyncRequestRun implements AsyncCall, AsyncStreamCallbacks {
  readonly #cluster: ThreadLocalCluster;
  readonly #request: AsyncRequest;
  readonly #callbacks: AsyncRequestCallbacks;
  readonly #environment: AsyncEnvironment;
  readonly #onOver: (run: AsyncRequestRun) => void;
  readonly #timeout: WheelTimer | null;
  readonly #backOff: JitteredBackOff | null;
  readonly #span: AsyncCallSpan | null;
  #retryTimer: WheelTimer | null = null;
  #retriesLeft: number;
  #holdsBreaker = false;
  #stream: AsyncStream | null = null;
  #headers: ResponseHeaderMap | null = null;
  #chunks: Buffer[] = [];
  #bodyBytes = 0;
  #over = false;

  constructor(
    cluster: ThreadLocalCluster,
    request: AsyncRequest,
    callbacks: AsyncRequestCallbacks,
    environment: AsyncEnvironment,
    onOver: (run: AsyncRequestRun) => void,
  ) {
    const { retry, timeoutMs, trace = null } = request;
    this.#cluster = cluster;
    this.#request = request;
    this.#callbacks = callbacks;
    this.#environment = environment;
    this.#onOver = onOver;
    this.#timeout = timeoutMs > 0 ? environment.timers.timer(() => this.#onTimeout()) : null;
    this.#retriesLeft = retry?.numRetries ?? 0;
    this.#backOff = retry === null ? null : new JitteredBackOff(retry.baseMs, retry.maxMs, environment.random);
    this.#span = trace === null ? null : new AsyncCallSpan(trace, cluster, environment.timers.clock);
  }

  start(): void {
    const { headers, body, timeoutMs } = this.#request;
    const length = body?.length ?? 0;
    if (length > 0 || headers.method === "POST" || headers.method === "PUT") {
      headers.set("content-length", String(length));
    }
    if (this.#request.skipEnvoyHeaders !== true) headers.set("x-envoy-internal", "true");
    this.#span?.inject(headers);
    this.#timeout?.arm(timeoutMs);
    this.#attempt();
  }

  cancel(): void {
    if (this.#over) return;
    this.#giveUp();
    this.#span?.cancel();
  }

  /** Gives it up; `onFailure` follows. */
  abort(reason: AsyncFailureReason, details: string): void {
    if (this.#over) return;
    this.#giveUp();
    this.#tell({ reason, details });
  }

  #attempt(): void {
    const { headers, body } = this.#request;
    const hasBody = body !== null && body.length > 0;
    const stream = new AsyncStream(
      this.#cluster,
      headers.clone(),
      !hasBody,
      this,
      this.#environment.timers.clock,
      () => {},
    );
    this.#stream = stream;
    stream.start();
    if (hasBody) stream.sendData(body, true);
  }

  // ---- from the stream ----

  retries(cause: number | AsyncFailureReason): boolean {
    if (this.#over || (typeof cause === "number" ? cause < 500 : !RETRIED.has(cause)) || !this.#mayRetry())
      return false;
    this.#waitForRetry();
    return true;
  }

  onHeaders(headers: ResponseHeaderMap, endStream: boolean): void {
    this.#headers = headers;
    if (endStream) this.#complete(null);
  }

  onData(data: Buffer, endStream: boolean): void {
    this.#bodyBytes += data.length;
    if (this.#bodyBytes > this.#request.maxResponseBytes) {
      this.abort("responseTooLarge", `the response is longer than ${this.#request.maxResponseBytes} bytes`);
      return;
    }
    this.#chunks.push(data);
    if (endStream) this.#complete(null);
  }

  onTrailers(trailers: TrailerMap): void {
    this.#complete(trailers);
  }

  onFailure(failure: AsyncFailure): void {
    if (this.#over) return;
    this.#leave();
    this.#tell(failure);
  }

  #tell(failure: AsyncFailure): void {
    const span = this.#span;
    span?.failed(failure, this.#peer);
    this.#callbacks.onFailure(failure, span === null ? null : span.span);
    span?.finish();
  }

  get #peer(): AsyncCallPeer {
    return this.#stream ?? NO_PEER;
  }

  #complete(trailers: TrailerMap | null): void {
    const chunks = this.#chunks;
    const body = chunks.length === 0 ? EMPTY : chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
    const headers = this.#headers!;
    if (this.#holdsBreaker && headers.status < 500) this.#cluster.info.stats.rq.retrySuccess.inc();
    this.#leave();
    const span = this.#span;
    span?.responded(headers.status, this.#peer);
    this.#callbacks.onResponse({ headers, body, trailers }, span === null ? null : span.span);
    span?.finish();
  }

  #onTimeout(): void {
    if (this.#over) return;
    if (this.#retryTimer?.armed === true || this.#stream === null) {
      this.#cluster.info.stats.rq.timeout.inc();
      this.abort("timeout", "request timeout");
      return;
    }
    this.#stream.timeOut();
  }

  // ---- retries ----

  /** Takes one of the retries that are left, if there is one and the cluster's breaker allows it. */
  #mayRetry(): boolean {
    const { rq } = this.#cluster.info.stats;
    if (this.#backOff === null) return false;
    this.#releaseBreaker();
    if (this.#retriesLeft === 0) {
      rq.retryLimitExceeded.inc();
      return false;
    }
    this.#retriesLeft--;
    if (!this.#cluster.info.circuitBreakers.default.retries.tryAcquire()) {
      rq.retryOverflow.inc();
      return false;
    }
    this.#holdsBreaker = true;
    return true;
  }

  #waitForRetry(): void {
    const { rq } = this.#cluster.info.stats;
    this.#stream = null;
    rq.retry.inc();
    rq.retryBackoffExponential.inc();
    this.#retryTimer ??= this.#environment.timers.timer(() => this.#attempt());
    this.#retryTimer.arm(this.#backOff!.nextMs());
  }

  #releaseBreaker(): void {
    if (this.#holdsBreaker) this.#cluster.info.circuitBreakers.default.retries.release();
    this.#holdsBreaker = false;
  }

  #giveUp(): void {
    this.#leave();
    this.#stream?.cancel();
  }

  #leave(): void {
    this.#over = true;
    this.#timeout?.disarm();
    this.#retryTimer?.disarm();
    this.#releaseBreaker();
    this.#chunks = [];
    this.#onOver(this);
  }
}
