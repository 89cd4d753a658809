import {
  type BodyData,
  FilterDataStatus,
  FilterHeadersStatus,
  FilterTrailersStatus,
  type StreamDecoderFilterCallbacks,
  type StreamEncoderFilterCallbacks,
  type StreamFilter,
} from "../../../http/filter.ts";
import type { HeaderMap, RequestHeaderMap, ResponseHeaderMap, TrailerMap } from "../../../http/header-map.ts";
import type { Counter } from "../../../stats/scope.ts";
import type { HttpModule, ModuleHeaders, ModuleStream } from "./contract.ts";
import { CheckedHeaders } from "./module-headers.ts";
import { type FailureReport, reportFailure } from "./report-failure.ts";

type HeadersHook = NonNullable<HttpModule["decodeHeaders"]>;

/** What the streams of one configured module on one worker share. */
export interface ModuleRuntime extends FailureReport {
  readonly module: HttpModule;
  /** What `configure` returned. */
  readonly config: unknown;
  readonly executions: Counter;
}

/** What a route says about the module; made by the factory. */
export interface ModuleRouteConfig {
  readonly config: unknown;
}

/**
 * Runs one stream through a module. Whatever the module throws is counted and logged, and the request is answered with 500
 * (`module_error`), or reset if its response has begun; the worker goes on.
 */
export class ModuleFilter implements StreamFilter, ModuleStream {
  readonly #runtime: ModuleRuntime;
  #decoder!: StreamDecoderFilterCallbacks;
  #encoder!: StreamEncoderFilterCallbacks;
  #requestHeaders: RequestHeaderMap | null = null;
  #request: ModuleHeaders | null = null;
  #responseHeaders: ResponseHeaderMap | null = null;
  #response: ModuleHeaders | null = null;
  #answered = false;
  #over = false;
  /** The module sees the body of the message in hand and may make it longer or shorter. */
  #changesLength = false;
  state: unknown = undefined;

  constructor(runtime: ModuleRuntime) {
    this.#runtime = runtime;
  }

  setDecoderFilterCallbacks(callbacks: StreamDecoderFilterCallbacks): void {
    this.#decoder = callbacks;
  }
  setEncoderFilterCallbacks(callbacks: StreamEncoderFilterCallbacks): void {
    this.#encoder = callbacks;
  }

  // ---- the filter ----

  decodeHeaders(headers: RequestHeaderMap, endStream: boolean): FilterHeadersStatus {
    this.#runtime.executions.inc();
    this.#requestHeaders = headers;
    const { decodeHeaders: hook, decodeData } = this.#runtime.module;
    this.#changesLength = decodeData !== undefined && !endStream;
    if (hook !== undefined) return this.#runHeaders(hook, headers, endStream, true);
    this.#dropLength(headers);
    return FilterHeadersStatus.continue;
  }

  decodeData(data: BodyData, endStream: boolean): FilterDataStatus {
    const hook = this.#runtime.module.decodeData;
    if (hook !== undefined) this.#runData(data, () => hook(this, data.bytes, endStream));
    return this.#answered ? FilterDataStatus.stopIterationNoBuffer : FilterDataStatus.continue;
  }

  decodeTrailers(trailers: TrailerMap): FilterTrailersStatus {
    const hook = this.#runtime.module.decodeTrailers;
    if (hook !== undefined) this.#guard(() => hook(this, new CheckedHeaders(trailers)));
    return this.#answered ? FilterTrailersStatus.stopIteration : FilterTrailersStatus.continue;
  }

  encode1xxHeaders(): void {}

  encodeHeaders(headers: ResponseHeaderMap, endStream: boolean): FilterHeadersStatus {
    this.#responseHeaders = headers;
    this.#response = null;
    // A module that failed must not fail again over the answer to its failure.
    if (this.#answered) return FilterHeadersStatus.continue;
    const { encodeHeaders: hook, encodeData } = this.#runtime.module;
    this.#changesLength = encodeData !== undefined && !endStream;
    if (hook !== undefined) return this.#runHeaders(hook, headers, endStream, false);
    this.#dropLength(headers);
    return FilterHeadersStatus.continue;
  }

  encodeData(data: BodyData, endStream: boolean): FilterDataStatus {
    const hook = this.#runtime.module.encodeData;
    if (hook !== undefined && !this.#answered) this.#runData(data, () => hook(this, data.bytes, endStream));
    return FilterDataStatus.continue;
  }

  encodeTrailers(trailers: TrailerMap): FilterTrailersStatus {
    const hook = this.#runtime.module.encodeTrailers;
    if (hook !== undefined && !this.#answered) this.#guard(() => hook(this, new CheckedHeaders(trailers)));
    return FilterTrailersStatus.continue;
  }

  onDestroy(): void {
    this.#over = true;
    try {
      this.#runtime.module.onDestroy?.(this);
    } catch (error) {
      this.#report(error);
    }
  }

  // ---- what the module sees ----

  get request(): ModuleHeaders {
    this.#request ??= new CheckedHeaders(this.#requestHeaders ?? this.#decoder.requestHeaders());
    return this.#request;
  }
  get response(): ModuleHeaders | null {
    if (this.#responseHeaders !== null) this.#response ??= new CheckedHeaders(this.#responseHeaders);
    return this.#response;
  }
  get status(): number {
    return this.#responseHeaders?.status ?? 0;
  }
  set status(status: number) {
    if (!Number.isInteger(status) || status < 200 || status > 599) throw new TypeError(`${status} is no final status`);
    if (this.#responseHeaders === null) throw new TypeError("there is no response yet");
    this.#responseHeaders.status = status;
  }
  get config(): unknown {
    const route = this.#decoder.perFilterConfig() as ModuleRouteConfig | undefined;
    return route === undefined ? this.#runtime.config : route.config;
  }
  get clientIp(): string {
    return this.#decoder.streamInfo.downstreamRemoteIp;
  }
  get routeName(): string {
    return this.#decoder.streamInfo.routeName;
  }
  respond(status: number, body = "", headers: Readonly<Record<string, string>> = {}): void {
    if (this.#answered || this.#over) return;
    if (!Number.isInteger(status) || status < 200 || status > 599) throw new TypeError(`${status} is no final status`);
    this.#answered = true;
    this.#decoder.sendLocalReply({
      status,
      body,
      details: "module_response",
      modifyHeaders: (map) => {
        const checked = new CheckedHeaders(map);
        for (const [name, value] of Object.entries(headers)) checked.set(name, value);
      },
    });
  }
  clearRouteCache(): void {
    this.#decoder.clearRouteCache();
  }
  metadata(namespace: string): Record<string, unknown> {
    return this.#decoder.streamInfo.metadata(namespace);
  }

  // ---- inside ----

  #runHeaders(hook: HeadersHook, headers: HeaderMap, endStream: boolean, isRequest: boolean): FilterHeadersStatus {
    let pending: unknown;
    try {
      pending = hook(this, endStream);
    } catch (error) {
      this.#fail(error);
      return FilterHeadersStatus.stopIteration;
    }
    if (this.#answered) return FilterHeadersStatus.stopIteration;
    if (!(pending instanceof Promise)) {
      this.#dropLength(headers);
      return FilterHeadersStatus.continue;
    }
    pending.then(
      () => {
        if (this.#over || this.#answered) return;
        this.#dropLength(headers);
        if (isRequest) this.#decoder.continueDecoding();
        else this.#encoder.continueEncoding();
      },
      (error: unknown) => this.#fail(error),
    );
    return FilterHeadersStatus.stopAllIterationAndWatermark;
  }

  /** A body that may change its length must not be announced with one; it is sent chunked instead. */
  #dropLength(headers: HeaderMap): void {
    if (this.#changesLength) headers.remove("content-length");
  }

  #runData(data: BodyData, hook: () => Buffer | undefined): void {
    this.#guard(() => {
      const replacement = hook();
      if (replacement === undefined) return;
      if (!Buffer.isBuffer(replacement)) throw new TypeError("a body function must return a Buffer or nothing");
      data.bytes = replacement;
    });
  }

  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.#report(error);
    if (this.#over) return;
    this.#answered = true;
    this.#decoder.sendLocalReply({ status: 500, body: "Internal Server Error", details: "module_error" });
  }

  #report(error: unknown): void {
    reportFailure(this.#runtime, error, "HTTP filter module failed");
  }
}
