import type { Span } from "../../../http/span.ts";
import type { RemoteKeys } from "./remote-keys.ts";

/** The keys that one request waits for. Each is asked for once; afterwards what there is must do. */
export class KeyWait {
  /** All that were asked for so far. */
  readonly asked = new Set<RemoteKeys>();
  readonly #onReady: () => void;
  readonly #span: Span | null;
  readonly #onFetched = (): void => {
    if (--this.#left === 0 && !this.#isStarting) this.#onReady();
  };
  #left = 0;
  #isStarting = false;

  /** `onReady` is called when all of a `start` are there, or can't be had. `span`: of the request. */
  constructor(onReady: () => void, span: Span | null) {
    this.#span = span;
    this.#onReady = onReady;
  }

  /** Asks for keys, none of them for the second time. True if none of them takes time: then `onReady` is not called. */
  start(wanted: ReadonlySet<RemoteKeys>): boolean {
    this.#isStarting = true;
    this.#left = wanted.size;
    for (const keys of wanted) {
      this.asked.add(keys);
      keys.fetch(this.#onFetched, this.#span);
    }
    this.#isStarting = false;
    return this.#left === 0;
  }

  /** No calls come any more. */
  cancel(): void {
    for (const keys of this.asked) keys.forget(this.#onFetched);
  }
}
