import type { UpstreamRequest } from "./upstream-request.ts";

/**
 * The attempts of one request that were too slow and yet go on, beside the one that was made in addition. Each may still give the response;
 * none is repeated again. Made only for requests that are hedged.
 */
export class HedgedAttempts {
  readonly #attempts: UpstreamRequest[] = [];

  add(attempt: UpstreamRequest): void {
    this.#attempts.push(attempt);
  }

  has(attempt: UpstreamRequest): boolean {
    return this.#attempts.includes(attempt);
  }

  /** Takes an attempt out; false if it is none of these. */
  remove(attempt: UpstreamRequest): boolean {
    const at = this.#attempts.indexOf(attempt);
    if (at !== -1) this.#attempts.splice(at, 1);
    return at !== -1;
  }

  get count(): number {
    return this.#attempts.length;
  }

  /** Takes the last one out; undefined if there is none. */
  pop(): UpstreamRequest | undefined {
    return this.#attempts.pop();
  }

  /** Gives all of them up. */
  cancel(): void {
    for (let attempt = this.pop(); attempt !== undefined; attempt = this.pop()) attempt.cancel();
  }

  readDisable(disable: boolean): void {
    for (const attempt of this.#attempts) attempt.readDisable(disable);
  }
}
