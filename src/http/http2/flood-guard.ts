import { flood, Http2Details } from "./codec-details.ts";
import type { Http2ProtocolData } from "./codec-options.ts";
import type { Http2CodecStats } from "./codec-stats.ts";

/**
 * Counts what a peer can make us do or keep at little cost of its own, against Envoy's limits; throws an `Http2Error` with
 * ENHANCE_YOUR_CALM above them. Source: Envoy's `ProtocolConstraints`.
 */
export class FloodGuard {
  readonly #options: Http2ProtocolData;
  readonly #stats: Http2CodecStats;
  readonly #unsentBytes: () => number;
  #emptyFrames = 0;
  #priorityFrames = 0;
  #windowUpdates = 0;
  #openedStreams = 0;
  #dataFramesSent = 0;
  // Frames on their way out, in two generations: the older has left when so many bytes have.
  #writtenBytes = 0;
  #olderEndsAt = 0;
  #olderFrames = 0;
  #olderControlFrames = 0;
  #newerFrames = 0;
  #newerControlFrames = 0;

  constructor(options: Http2ProtocolData, stats: Http2CodecStats, unsentBytes: () => number) {
    this.#options = options;
    this.#stats = stats;
    this.#unsentBytes = unsentBytes;
  }

  /** The peer has opened a stream (server), or we have (client). */
  streamOpened(): void {
    this.#openedStreams++;
  }

  /** HEADERS, CONTINUATION or DATA came in. `isEmpty`: nothing but padding in it, and no end of the stream. */
  onMessageFrame(isEmpty: boolean): void {
    if (!isEmpty) {
      this.#emptyFrames = 0;
      return;
    }
    if (++this.#emptyFrames <= this.#options.maxConsecutiveInboundFramesWithEmptyPayload) return;
    this.#stats.inboundEmptyFramesFlood.inc();
    throw flood("too many frames with empty payload", Http2Details.emptyFramesFlood);
  }

  onPriorityFrame(): void {
    const limit = this.#options.maxInboundPriorityFramesPerStream * (1 + this.#openedStreams);
    if (++this.#priorityFrames <= limit) return;
    this.#stats.inboundPriorityFramesFlood.inc();
    throw flood("too many PRIORITY frames");
  }

  onWindowUpdateFrame(): void {
    const perDataFrame = this.#options.maxInboundWindowUpdateFramesPerDataFrameSent;
    const limit = 5 + 2 * (this.#openedStreams + perDataFrame * this.#dataFramesSent);
    if (++this.#windowUpdates <= limit) return;
    this.#stats.inboundWindowUpdateFramesFlood.inc();
    throw flood("too many WINDOW_UPDATE frames");
  }

  /** A frame of so many bytes was written. `isControl`: PING, SETTINGS or RST_STREAM, which a peer can ask for at will. */
  onFrameWritten(bytes: number, isControl: boolean): void {
    this.#writtenBytes += bytes;
    this.#newerFrames++;
    if (isControl) this.#newerControlFrames++;
  }

  onDataFrameWritten(bytes: number): void {
    this.#dataFramesSent++;
    this.onFrameWritten(bytes, false);
  }

  /** Throws if too many frames wait to be taken by the peer. Counts at most twice as many as do. To be called after each read. */
  checkOutbound(): void {
    const { maxOutboundFrames, maxOutboundControlFrames } = this.#options;
    if (this.#newerFrames * 4 < maxOutboundFrames && this.#newerControlFrames * 4 < maxOutboundControlFrames) return;
    const sentBytes = this.#writtenBytes - this.#unsentBytes();
    while (sentBytes >= this.#olderEndsAt && this.#olderFrames + this.#newerFrames > 0) this.#forgetOlder();
    if (this.#olderControlFrames + this.#newerControlFrames > maxOutboundControlFrames) {
      this.#stats.outboundControlFlood.inc();
      throw flood(`more than ${maxOutboundControlFrames} control frames wait to be sent`);
    }
    if (this.#olderFrames + this.#newerFrames > maxOutboundFrames) {
      this.#stats.outboundFlood.inc();
      throw flood(`more than ${maxOutboundFrames} frames wait to be sent`);
    }
  }

  #forgetOlder(): void {
    this.#olderFrames = this.#newerFrames;
    this.#olderControlFrames = this.#newerControlFrames;
    this.#olderEndsAt = this.#writtenBytes;
    this.#newerFrames = 0;
    this.#newerControlFrames = 0;
  }
}
