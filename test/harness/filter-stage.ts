import type { HttpFilterFactory } from "../../src/http/filter.ts";
import { FilterManager, type FilterManagerStream } from "../../src/http/filter-manager/filter-manager.ts";
import { ResponseHeaderMap, TrailerMap } from "../../src/http/header-map.ts";
import type { StreamRoute } from "../../src/http/stream-route.ts";
import { FakeClock } from "./fake-clock.ts";
import type { ScriptedFilter } from "./scripted-filter.ts";
import { makeRequest, makeStreamInfo } from "./stream-fixtures.ts";

/** What a stage is set up with. */
export interface FilterStageOptions {
  /** Default 0: none. */
  readonly bufferLimitBytes?: number;
  readonly route?: StreamRoute | null;
  /** How long the filters on it wait at most before they go on. Default 0. */
  readonly waitsMs?: number;
  /** The log that scripted filters write to; what leaves the filters is noted there too, as `out …`. */
  readonly log?: string[];
}

/** A filter manager with a stream around it that writes down what comes out, on a clock that moves when told. */
export class FilterStage implements FilterManagerStream {
  readonly clock = new FakeClock();
  readonly timers = this.clock.timers;
  readonly streamInfo = makeStreamInfo();
  readonly localReplies = null;
  readonly log: string[];
  readonly waitsMs: number;
  readonly manager: FilterManager;
  readonly request = makeRequest();
  response: ResponseHeaderMap | null = null;
  /** The response's body as far as it came out. */
  body = "";
  wasReset = false;
  /** The bodies that the request was restarted with. */
  readonly restarts: string[] = [];
  routeCacheClears = 0;
  tooLarge = "";
  /** How many times the request is paused now. */
  pauses = 0;
  #route: StreamRoute | null;

  constructor(options: FilterStageOptions = {}) {
    this.log = options.log ?? [];
    this.waitsMs = options.waitsMs ?? 0;
    this.#route = options.route ?? null;
    this.manager = new FilterManager(this, options.bufferLimitBytes ?? 0);
  }

  /** Puts these filters on the stage, each under its own name. */
  static of(filters: readonly ScriptedFilter[], options: FilterStageOptions): FilterStage {
    const stage = new FilterStage(options);
    stage.add(filters.map((filter) => ({ name: filter.name, factory: factoryOf(filter) })));
    return stage;
  }

  add(filters: readonly { readonly name: string; readonly factory: HttpFilterFactory }[]): void {
    this.manager.createChain(
      filters.map((filter) => ({ ...filter, disabled: false })),
      this.#route,
    );
  }

  restart(body: readonly Buffer[]): boolean {
    this.restarts.push(Buffer.concat(body).toString());
    return true;
  }

  /** The request's headers come in. */
  decodeHeaders(endStream = false): void {
    this.manager.requestHeaders = this.request;
    this.manager.decodeHeaders(this.request, endStream);
  }
  decodeData(text: string, endStream = false): void {
    this.manager.decodeData(Buffer.from(text, "latin1"), endStream);
  }
  decodeTrailers(name = "t", value = "1"): void {
    this.manager.decodeTrailers(new TrailerMap([name, value]));
  }

  /** The terminal filter has a response. */
  respond(status = 200, endStream = false): void {
    this.manager.encodeHeaders(new ResponseHeaderMap(status), endStream, "via_upstream");
  }
  respondData(text: string, endStream = false): void {
    this.manager.encodeData(Buffer.from(text, "latin1"), endStream);
  }
  respondTrailers(name = "t", value = "1"): void {
    this.manager.encodeTrailers(new TrailerMap([name, value]));
  }

  /** The log since the last call. */
  take(): string[] {
    return this.log.splice(0);
  }

  // ---- the stream ----

  route(): StreamRoute | null {
    return this.#route;
  }
  dressLocalReply(): void {}
  clearRouteCache(): void {
    this.routeCacheClears++;
  }
  encode1xxHeaders(headers: ResponseHeaderMap): void {
    this.log.push(`out 1xx ${headers.status}`);
  }
  encodeHeaders(headers: ResponseHeaderMap, endStream: boolean): void {
    this.response = headers;
    this.log.push(`out ${headers.status}${endStream ? " end" : ""}`);
    if (endStream) this.manager.destroy();
  }
  encodeData(bytes: Buffer, endStream: boolean): void {
    this.body += bytes.toString("latin1");
    this.log.push(`out "${bytes.toString("latin1")}"${endStream ? " end" : ""}`);
    if (endStream) this.manager.destroy();
  }
  encodeTrailers(trailers: TrailerMap): void {
    this.log.push(`out trailers ${trailers.list.join("=")}`);
    this.manager.destroy();
  }
  resetStream(): void {
    this.wasReset = true;
    this.log.push("out reset");
    this.manager.destroy();
  }
  pauseRequest(pause: boolean): void {
    this.pauses += pause ? 1 : -1;
  }
  onRequestDataTooLarge(): void {
    this.tooLarge += "request";
  }
  onResponseDataTooLarge(): void {
    this.tooLarge += "response";
  }
}

/** A factory of this one filter. */
export function factoryOf(filter: ScriptedFilter): HttpFilterFactory {
  return { create: (chain) => chain.addFilter(filter), dispose: () => {} };
}
