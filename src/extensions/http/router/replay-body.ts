import type { TrailerMap } from "../../../http/header-map.ts";

/** What has come of a request behind its headers, kept so that it can be sent again. */
export class ReplayBody {
  readonly pieces: Buffer[] = [];
  trailers: TrailerMap | null = null;
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
}
