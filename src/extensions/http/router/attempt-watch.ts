import type { ResponseHeaderMap, TrailerMap } from "../../../http/header-map.ts";
import type { ResponseFlag } from "../../../http/stream-info.ts";

/** Follows one attempt to its end. */
export interface AttemptWatch {
  /** The attempt has its stream to the host. */
  ready(): void;
  /** The host has answered. Called before filters change the response. */
  response(headers: ResponseHeaderMap): void;
  trailers(trailers: TrailerMap): void;
  /** The attempt is over; `flag` says why it failed, null = it did not, or was given up. */
  end(nowMs: number, flag: ResponseFlag | null): void;
}

/** Two that follow one attempt. */
export class BothWatches implements AttemptWatch {
  readonly #first: AttemptWatch;
  readonly #second: AttemptWatch;

  constructor(first: AttemptWatch, second: AttemptWatch) {
    this.#first = first;
    this.#second = second;
  }

  ready(): void {
    this.#first.ready();
    this.#second.ready();
  }

  response(headers: ResponseHeaderMap): void {
    this.#first.response(headers);
    this.#second.response(headers);
  }

  trailers(trailers: TrailerMap): void {
    this.#first.trailers(trailers);
    this.#second.trailers(trailers);
  }

  end(nowMs: number, flag: ResponseFlag | null): void {
    this.#first.end(nowMs, flag);
    this.#second.end(nowMs, flag);
  }
}
