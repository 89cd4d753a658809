import { type BodyData, FilterDataStatus, FilterTrailersStatus } from "../../http/filter.ts";
import type { Counter } from "../../stats/scope.ts";
import { BodyTransform, type BodyTransformLimits } from "./body-transform.ts";
import type { CompressionStream } from "./compression-library.ts";
import type { MessageTransform } from "./transform-owner.ts";

/** Counts the bytes of a body before and after it was transformed. */
export interface BodyPumpStats {
  readonly input: Counter;
  readonly output: Counter;
}

/** The body of one message on its way through a stream of node:zlib: what a filter calls as the body's parts come. */
export class BodyPump {
  readonly #transform: BodyTransform;
  readonly #owner: MessageTransform;
  readonly #stats: BodyPumpStats;

  constructor(stream: CompressionStream, owner: MessageTransform, limits: BodyTransformLimits, stats: BodyPumpStats) {
    this.#transform = new BodyTransform(stream, owner, limits);
    this.#owner = owner;
    this.#stats = stats;
  }

  /** What a filter answers to data: the pump has taken it. */
  pass({ bytes }: BodyData, endStream: boolean): FilterDataStatus {
    this.#transform.write(bytes);
    if (endStream) this.#transform.end();
    return FilterDataStatus.stopIterationNoBuffer;
  }

  /** What a filter answers to trailers: they follow when the body is through. */
  finish(): FilterTrailersStatus {
    this.#owner.trailersWait = true;
    this.#transform.end();
    return FilterTrailersStatus.stopIteration;
  }

  /** The stream is gone: counts its bytes. */
  destroy(): void {
    this.#transform.destroy();
    this.#stats.input.add(this.#transform.inputBytes);
    this.#stats.output.add(this.#transform.outputBytes);
  }
}
