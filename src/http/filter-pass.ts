import { BufferedBody } from "./buffered-body.ts";
import { type BodyData, FilterDataStatus, FilterHeadersStatus, FilterTrailersStatus } from "./filter.ts";
import type { HeaderMap, TrailerMap } from "./header-map.ts";

const NO_BYTES = Buffer.alloc(0);

/** Where one filter has stopped iteration, if it has. */
const Iteration = { going: 0, stoppedSingle: 1, stoppedAllBuffer: 2, stoppedAllWatermark: 3 } as const;
type Iteration = (typeof Iteration)[keyof typeof Iteration];

/** What a pass needs from the stream around it. `isRequest` says which of the stream's two passes asks. */
export interface FilterPassOwner {
  /** Nothing may be called any more: the stream was reset, or (decoding) answered here. Asked after each filter. */
  passEnded(isRequest: boolean): boolean;
  /** More is buffered than the limit. `streaming`: the sender can be paused; otherwise the stream must end. */
  onBufferAboveLimit(isRequest: boolean, streaming: boolean): void;
  /** What was announced with `streaming` has gone on. */
  onBufferDrained(isRequest: boolean): void;
}

/** What stands behind the last filter of a pass. */
export interface FilterPassSink<Headers extends HeaderMap> {
  sinkHeaders(headers: Headers, endStream: boolean): void;
  sinkData(bytes: Buffer, endStream: boolean): void;
  sinkTrailers(trailers: TrailerMap): void;
}

/**
 * One filter's place in one direction of one stream; the base of the callbacks that the filter gets. Holds where this
 * filter has stopped iteration and goes on from there. The rules are Envoy's (`filter_manager.cc`).
 */
export abstract class ActiveFilter<Headers extends HeaderMap> {
  /** The filter's configured name, by which routes configure it. */
  readonly name: string;
  next: ActiveFilter<Headers> | null = null;
  protected readonly pass: FilterPass<Headers>;
  private iteration: Iteration = Iteration.going;
  private headersContinued = false;
  /** Data and trailers were kept from this very filter, so they start here and not behind it. */
  private iterateFromCurrent = false;
  /** This filter has seen the end of the stream. */
  endStream = false;

  constructor(name: string, pass: FilterPass<Headers>) {
    this.name = name;
    this.pass = pass;
  }

  abstract callHeaders(headers: Headers, endStream: boolean): FilterHeadersStatus;
  abstract callData(data: BodyData, endStream: boolean): FilterDataStatus;
  abstract callTrailers(trailers: TrailerMap): FilterTrailersStatus;

  get stoppedAll(): boolean {
    return this.iteration >= Iteration.stoppedAllBuffer;
  }

  get canIterate(): boolean {
    return this.iteration === Iteration.going;
  }

  /** Where data and trailers resume. */
  get resumePoint(): ActiveFilter<Headers> | null {
    return this.iterateFromCurrent ? this : this.next;
  }

  /** Records the answer to headers; false if iteration stops here. */
  afterHeaders(status: FilterHeadersStatus): boolean {
    switch (status) {
      case FilterHeadersStatus.stopIteration:
        this.iteration = Iteration.stoppedSingle;
        return false;
      case FilterHeadersStatus.stopAllIterationAndBuffer:
        this.iteration = Iteration.stoppedAllBuffer;
        return false;
      case FilterHeadersStatus.stopAllIterationAndWatermark:
        this.iteration = Iteration.stoppedAllWatermark;
        return false;
      default:
        this.headersContinued = true;
        return true;
    }
  }

  /** Records the answer to data; false if iteration stops here (or went on from here by itself). */
  afterData(status: FilterDataStatus, data: BodyData): boolean {
    if (status === FilterDataStatus.continue) {
      if (this.iteration !== Iteration.stoppedSingle) return true;
      this.pass.buffer(data.bytes, true);
      this.continueIteration();
      return false;
    }
    this.iteration = Iteration.stoppedSingle;
    if (status !== FilterDataStatus.stopIterationNoBuffer) {
      this.pass.buffer(data.bytes, status === FilterDataStatus.stopIterationAndWatermark);
    }
    return false;
  }

  /** Records the answer to trailers; false if iteration stops here (or went on from here by itself). */
  afterTrailers(status: FilterTrailersStatus): boolean {
    if (status === FilterTrailersStatus.continue) {
      if (this.iteration !== Iteration.stoppedSingle) return true;
      this.continueIteration();
      return false;
    }
    if (this.canIterate) this.iteration = Iteration.stoppedSingle;
    return false;
  }

  /** Keeps data that came while everything is stopped at this filter. */
  bufferWhileStopped(bytes: Buffer): void {
    this.pass.buffer(bytes, this.iteration === Iteration.stoppedAllWatermark);
  }

  /** Trailers came while everything is stopped here. */
  keepFromCurrent(): void {
    this.iterateFromCurrent = true;
  }

  /** Makes a filter that let headers through stop, so that body it added can go on from it. */
  stopBehindHeaders(): void {
    this.iteration = Iteration.stoppedSingle;
  }

  /** Goes on behind (or, after a stop of everything, at) this filter with all it has held back. */
  continueIteration(): void {
    const pass = this.pass;
    if (pass.ended) return;
    if (this.stoppedAll) this.iterateFromCurrent = true;
    this.iteration = Iteration.going;
    if (!this.headersContinued) {
      this.headersContinued = true;
      pass.runHeaders(this.next, pass.headers!, pass.complete && !pass.holdsBody && pass.trailers === null);
    }
    // A stream that ended while stopped still owes the filters behind an end, be it without bytes.
    const endsWithData = pass.complete && pass.trailers === null;
    if (!pass.ended && (pass.holdsBody || (endsWithData && !this.#endWasPassedOn()))) {
      pass.runData(this.resumePoint, pass.takeBuffered(), endsWithData);
    }
    if (!pass.ended && pass.trailers !== null && pass.trailersComplete)
      pass.runTrailers(this.resumePoint, pass.trailers);
    this.iterateFromCurrent = false;
  }

  #endWasPassedOn(): boolean {
    const following = this.resumePoint;
    return following === null ? this.pass.sinkEnded : following.endStream;
  }
}

/** One direction of one stream through its filters. Bound to its worker; plain calls, no queue. */
export class FilterPass<Headers extends HeaderMap> {
  headers: Headers | null = null;
  trailers: TrailerMap | null = null;
  /** The end of the message has come in (it may not have passed all filters). */
  complete = false;
  /** The trailers in `trailers` came in whole (added ones are complete with the data that they follow). */
  trailersComplete = false;
  /** The end has left the last filter. */
  sinkEnded = false;
  first: ActiveFilter<Headers> | null = null;
  /** 0 = no limit. */
  limitBytes: number;
  private readonly isRequest: boolean;
  private readonly owner: FilterPassOwner;
  private readonly sink: FilterPassSink<Headers> | null;
  /** Made when something is held back; most streams never do. */
  private body: BufferedBody | null = null;
  private aboveLimit = false;

  /** `sink` null: the last filter is its own (the router, for requests). */
  constructor(isRequest: boolean, owner: FilterPassOwner, sink: FilterPassSink<Headers> | null, limitBytes: number) {
    this.isRequest = isRequest;
    this.owner = owner;
    this.sink = sink;
    this.limitBytes = limitBytes;
  }

  get ended(): boolean {
    return this.owner.passEnded(this.isRequest);
  }

  /** Whether body is held back, be it empty. */
  get holdsBody(): boolean {
    return this.body?.present === true;
  }

  /** What is held back; null if nothing is. */
  peekBody(): Buffer | null {
    return this.body?.present === true ? this.body.peek() : null;
  }

  replaceBody(bytes: Buffer): void {
    this.body ??= new BufferedBody();
    this.body.replace(bytes);
  }

  /** Headers come in. */
  start(headers: Headers, endStream: boolean): void {
    this.headers = headers;
    if (endStream) this.complete = true;
    this.runHeaders(this.first, headers, endStream);
  }

  /** Data comes in. */
  push(bytes: Buffer, endStream: boolean): void {
    if (endStream) this.complete = true;
    this.runData(this.first, bytes, endStream);
  }

  /** Trailers come in; they end the message. */
  finish(trailers: TrailerMap): void {
    this.complete = true;
    this.trailersComplete = true;
    this.trailers = trailers;
    this.runTrailers(this.first, trailers);
  }

  /** From `start` on, until a filter stops. */
  runHeaders(start: ActiveFilter<Headers> | null, headers: Headers, endStream: boolean): void {
    let ends = endStream;
    /** The filter that gave a body to a message that had none. */
    let bodyFrom: ActiveFilter<Headers> | null = null;
    for (let filter = start; filter !== null; filter = filter.next) {
      filter.endStream = ends && bodyFrom === null;
      const status = filter.callHeaders(headers, filter.endStream);
      if (this.ended) return;
      if (status === FilterHeadersStatus.continueAndDontEndStream) ends = false;
      const goesOn = filter.afterHeaders(status);
      if (!goesOn) {
        this.#continueBody(bodyFrom);
        return;
      }
      if (ends && this.holdsBody && bodyFrom === null) bodyFrom = filter;
    }
    const endsHere = ends && bodyFrom === null;
    if (endsHere) this.sinkEnded = true;
    this.sink?.sinkHeaders(headers, endsHere);
    this.#continueBody(bodyFrom);
  }

  runData(start: ActiveFilter<Headers> | null, bytes: Buffer, endStream: boolean): void {
    const data: BodyData = { bytes };
    let ends = endStream;
    let trailersFrom: ActiveFilter<Headers> | null = null;
    for (let filter = start; filter !== null; filter = filter.next) {
      if (filter.stoppedAll) {
        filter.bufferWhileStopped(data.bytes);
        return;
      }
      if (filter.endStream) return;
      const hadTrailers = this.trailers !== null;
      filter.endStream = ends;
      const status = filter.callData(data, ends);
      if (this.ended) return;
      if (ends && !hadTrailers && this.trailers !== null) {
        ends = false;
        filter.endStream = true;
        trailersFrom = filter;
        this.trailersComplete = true;
      }
      if (!filter.afterData(status, data)) return;
    }
    if (ends) this.sinkEnded = true;
    this.sink?.sinkData(data.bytes, ends);
    if (trailersFrom !== null && this.trailers !== null && !this.ended)
      this.runTrailers(trailersFrom.next, this.trailers);
  }

  runTrailers(start: ActiveFilter<Headers> | null, trailers: TrailerMap): void {
    for (let filter = start; filter !== null; filter = filter.next) {
      if (filter.stoppedAll) {
        filter.keepFromCurrent();
        return;
      }
      filter.endStream = true;
      const status = filter.callTrailers(trailers);
      if (this.ended) return;
      if (!filter.afterTrailers(status)) return;
    }
    this.sinkEnded = true;
    this.sink?.sinkTrailers(trailers);
  }

  /** Holds back body; tells the owner when that is too much. */
  buffer(bytes: Buffer, streaming: boolean): void {
    this.body ??= new BufferedBody();
    this.body.add(bytes);
    if (this.aboveLimit || this.limitBytes === 0 || this.body.lengthBytes <= this.limitBytes) return;
    this.aboveLimit = streaming;
    this.owner.onBufferAboveLimit(this.isRequest, streaming);
  }

  takeBuffered(): Buffer {
    const bytes = this.body === null ? NO_BYTES : this.body.take();
    if (this.aboveLimit) {
      this.aboveLimit = false;
      this.owner.onBufferDrained(this.isRequest);
    }
    return bytes;
  }

  #continueBody(bodyFrom: ActiveFilter<Headers> | null): void {
    if (bodyFrom === null || this.ended) return;
    bodyFrom.stopBehindHeaders();
    bodyFrom.continueIteration();
  }
}
