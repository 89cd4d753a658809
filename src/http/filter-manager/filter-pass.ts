import { type BodyData, FilterDataStatus, FilterHeadersStatus, FilterTrailersStatus } from "../filter.ts";
import { type HeaderMap, TrailerMap } from "../header-map.ts";
import { BufferedBody } from "./buffered-body.ts";

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
 * Differs from Envoy: what a filter sends on when it continues is what has reached that filter. Envoy looks at the
 * whole stream instead, and so may pass on an end or trailers that a filter before this one still holds.
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
  /** This filter was given the end of the stream. */
  endStream = false;
  /** The end of the stream stands before this filter, which has stopped everything. */
  private endHeld = false;
  /** Trailers have come as far as this filter and not beyond it. */
  private trailersHere = false;
  private inTrailers = false;

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
      this.pass.bufferAsBefore(data.bytes);
      this.continueIteration();
      return false;
    }
    this.iteration = Iteration.stoppedSingle;
    if (status !== FilterDataStatus.stopIterationNoBuffer) {
      this.pass.buffer(data.bytes, status === FilterDataStatus.stopIterationAndWatermark);
    }
    return false;
  }

  /** Gives the filter the trailers; false if iteration stops here (or went on from here by itself). */
  takeTrailers(trailers: TrailerMap): boolean {
    this.trailersHere = true;
    if (this.stoppedAll) return false;
    this.endStream = true;
    this.inTrailers = true;
    const status = this.callTrailers(trailers);
    this.inTrailers = false;
    if (this.pass.ended) return false;
    if (status === FilterTrailersStatus.continue) {
      if (this.iteration === Iteration.stoppedSingle) {
        this.continueIteration();
        return false;
      }
      this.trailersHere = false;
      return true;
    }
    if (this.iteration === Iteration.going) this.iteration = Iteration.stoppedSingle;
    return false;
  }

  /** Keeps data that came while everything is stopped at this filter. */
  keepData(bytes: Buffer, endStream: boolean): void {
    if (endStream) this.endHeld = true;
    this.pass.buffer(bytes, this.iteration === Iteration.stoppedAllWatermark);
  }

  /** The filter has added trailers (true), or they go on from it (false). */
  holdTrailers(hold: boolean): void {
    this.trailersHere = hold;
  }

  /** Goes on with body that this filter added to a message without one. */
  continueAddedBody(): void {
    this.iteration = Iteration.stoppedSingle;
    this.continueIteration();
  }

  /**
   * Goes on behind (or, after a stop of everything, at) this filter with all that has come so far. Does nothing before the
   * filter has answered to its headers: the status it is about to return decides.
   */
  continueIteration(): void {
    const pass = this.pass;
    if (pass.ended || pass.headers === null) return;
    if (!this.headersContinued && this.iteration === Iteration.going) return;
    this.iterateFromCurrent = this.stoppedAll;
    this.iteration = Iteration.going;
    const hasTrailers = this.trailersHere;
    const hasEnd = (this.endStream || this.endHeld) && !hasTrailers;
    if (!this.headersContinued) {
      this.headersContinued = true;
      pass.runHeaders(this.next, pass.headers, hasEnd && !pass.holdsBody);
    }
    // A stream that ended while stopped still owes the filters behind an end, be it without bytes.
    if (!pass.ended && (pass.holdsBody || (hasEnd && !this.#endWasPassedOn()))) {
      pass.runData(this.#resumePoint, pass.takeBuffered(), hasEnd);
    }
    if (hasTrailers && !pass.ended) {
      this.trailersHere = false;
      pass.runTrailers(this.#resumePoint, pass.trailers!);
    }
    this.iterateFromCurrent = false;
  }

  /** Body of the filter's own: kept with what is buffered, or sent on at once if only the trailers are left to pass. */
  addData(bytes: Buffer): void {
    if (this.pass.ended) return;
    if (this.inTrailers && this.iteration === Iteration.going) this.pass.runData(this.next, bytes, false);
    else this.pass.buffer(bytes, false);
  }

  /** Sends body on to the filters behind this one, after the headers. */
  injectData(bytes: Buffer, endStream: boolean): void {
    const pass = this.pass;
    if (pass.ended || pass.headers === null) return;
    if (!this.headersContinued) {
      this.headersContinued = true;
      pass.runHeaders(this.next, pass.headers, false);
    }
    if (!pass.ended) pass.runData(this.next, bytes, endStream);
  }

  get #resumePoint(): ActiveFilter<Headers> | null {
    return this.iterateFromCurrent ? this : this.next;
  }

  #endWasPassedOn(): boolean {
    const following = this.#resumePoint;
    return following === null ? this.pass.sinkEnded : following.endStream;
  }
}

/** One direction of one stream through its filters. Bound to its worker; plain calls, no queue. */
export class FilterPass<Headers extends HeaderMap> {
  headers: Headers | null = null;
  trailers: TrailerMap | null = null;
  /** The end of the message has come in (it may not have passed all filters). */
  complete = false;
  /** The end has left the last filter. */
  sinkEnded = false;
  first: ActiveFilter<Headers> | null = null;
  private readonly isRequest: boolean;
  private readonly owner: FilterPassOwner;
  private readonly sink: FilterPassSink<Headers> | null;
  /** Made when something is held back; most streams never do. */
  private body: BufferedBody | null = null;
  /** 0 = no limit. */
  private limit: number;
  private aboveLimit = false;
  /** Whether the sender of what is held back can be paused; decided by the last status that held something back. */
  private streaming = true;
  /** A filter is being given the last data, and there are no trailers. */
  private mayAddTrailers = false;

  /** `sink` null: the last filter is its own (the router, for requests). */
  constructor(isRequest: boolean, owner: FilterPassOwner, sink: FilterPassSink<Headers> | null, limitBytes: number) {
    this.isRequest = isRequest;
    this.owner = owner;
    this.sink = sink;
    this.limit = limitBytes;
  }

  get ended(): boolean {
    return this.owner.passEnded(this.isRequest);
  }

  /** Bytes that may be held back; 0 = no limit. */
  get limitBytes(): number {
    return this.limit;
  }

  set limitBytes(limitBytes: number) {
    this.limit = limitBytes;
    this.#checkLimit();
  }

  /** Whether body is held back, be it empty. */
  get holdsBody(): boolean {
    return this.body?.present === true;
  }

  /** What is held back; null if nothing is. */
  peekBody(): Buffer | null {
    return this.body?.present === true ? this.body.peek() : null;
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
      if (!filter.afterHeaders(status)) {
        bodyFrom?.continueAddedBody();
        return;
      }
      if (ends && this.holdsBody && bodyFrom === null) bodyFrom = filter;
    }
    const endsHere = ends && bodyFrom === null;
    if (endsHere) this.sinkEnded = true;
    this.sink?.sinkHeaders(headers, endsHere);
    bodyFrom?.continueAddedBody();
  }

  runData(start: ActiveFilter<Headers> | null, bytes: Buffer, endStream: boolean): void {
    const data: BodyData = { bytes };
    let ends = endStream;
    let trailersFrom: ActiveFilter<Headers> | null = null;
    let filter = start;
    for (; filter !== null; filter = filter.next) {
      if (filter.stoppedAll) {
        filter.keepData(data.bytes, ends);
        break;
      }
      if (filter.endStream) return;
      filter.endStream = ends;
      const hadTrailers = this.trailers !== null;
      this.mayAddTrailers = ends && !hadTrailers;
      const status = filter.callData(data, ends);
      this.mayAddTrailers = false;
      if (this.ended) return;
      if (ends && !hadTrailers && this.trailers !== null) {
        ends = false;
        trailersFrom = filter;
        filter.holdTrailers(true);
      }
      if (!filter.afterData(status, data)) {
        // Whoever added trailers and stops sends them itself when it goes on.
        if (trailersFrom === filter) return;
        break;
      }
    }
    if (filter === null) {
      if (ends) this.sinkEnded = true;
      this.sink?.sinkData(data.bytes, ends);
    }
    if (trailersFrom === null || this.ended) return;
    trailersFrom.holdTrailers(false);
    this.runTrailers(trailersFrom.next, this.trailers!);
  }

  runTrailers(start: ActiveFilter<Headers> | null, trailers: TrailerMap): void {
    for (let filter = start; filter !== null; filter = filter.next) {
      if (!filter.takeTrailers(trailers)) return;
    }
    this.sinkEnded = true;
    this.sink?.sinkTrailers(trailers);
  }

  /** Trailers for a message without any. Throws unless a filter is just being given the last data. */
  addTrailers(): TrailerMap {
    if (!this.mayAddTrailers) throw new Error("trailers can be added only while the last data passes, and only once");
    this.mayAddTrailers = false;
    this.trailers = new TrailerMap();
    return this.trailers;
  }

  get bufferedBytes(): number {
    return this.body === null ? 0 : this.body.lengthBytes;
  }

  /** Holds back body; tells the owner when that is too much. `streaming`: its sender may be paused instead of refused. */
  buffer(bytes: Buffer, streaming: boolean): void {
    this.streaming = streaming;
    this.bufferAsBefore(bytes);
  }

  /** As `buffer`, in the way decided last. */
  bufferAsBefore(bytes: Buffer): void {
    this.body ??= new BufferedBody();
    this.body.add(bytes);
    this.#checkLimit();
  }

  /** Replaces what is held back. */
  replaceBody(bytes: Buffer): void {
    this.body ??= new BufferedBody();
    this.body.replace(bytes);
    this.#checkLimit();
  }

  takeBuffered(): Buffer {
    if (this.body === null) return NO_BYTES;
    const bytes = this.body.take();
    this.#checkLimit();
    return bytes;
  }

  #checkLimit(): void {
    const isOver = this.limit > 0 && this.body !== null && this.body.lengthBytes > this.limit;
    if (isOver === this.aboveLimit) return;
    if (this.aboveLimit) {
      this.aboveLimit = false;
      this.owner.onBufferDrained(this.isRequest);
      return;
    }
    this.aboveLimit = this.streaming;
    this.owner.onBufferAboveLimit(this.isRequest, this.streaming);
  }
}
