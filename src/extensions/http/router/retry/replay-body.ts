import type { TrailerMap } from "../../../../http/header-map.ts";
import type { UpstreamRequest } from "../upstream-request.ts";

const NO_BYTES = Buffer.alloc(0);

/** How much of a request may be kept for retries: the lower of the filters' limit (0 = none) and the route's (undefined = none). */
export function replayLimitBytes(limitBytes: number, ofRouteBytes: number | undefined): number {
  if (ofRouteBytes === undefined) return limitBytes;
  return limitBytes === 0 ? ofRouteBytes : Math.min(limitBytes, ofRouteBytes);
}

/** What has come of a request behind its headers, kept so that it can be sent again. */
export class ReplayBody {
  trailers: TrailerMap | null = null;
  /** Pieces of the body, in order. */
  readonly pieces: Buffer[] = [];
  readonly #limitBytes: number;
  #lengthBytes = 0;

  /** `limitBytes` 0 = no limit. */
  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** Keeps a piece, which must not be changed afterwards; false, and nothing kept, if there is no room for it. */
  add(bytes: Buffer): boolean {
    if (this.#limitBytes > 0 && this.#lengthBytes + bytes.length > this.#limitBytes) return false;
    this.#lengthBytes += bytes.length;
    if (bytes.length > 0) this.pieces.push(bytes);
    return true;
  }

  /** Sends all of it with another attempt; `ended`: there is nothing more to come. */
  sendTo(request: UpstreamRequest, ended: boolean): void {
    const endsWithData = ended && this.trailers === null;
    const last = this.pieces.length - 1;
    for (let i = 0; i <= last; i++) request.sendData(this.pieces[i]!, endsWithData && i === last);
    if (last === -1 && endsWithData) request.sendData(NO_BYTES, true);
    if (this.trailers !== null) request.sendTrailers(this.trailers);
  }
}
