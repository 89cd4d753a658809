import type { Counter, StatsScope } from "../stats/scope.ts";

/** What a new configuration did to listeners. */
export interface ListenerCounts {
  readonly added: number;
  readonly modified: number;
  readonly removed: number;
  /** Of the modified ones, those whose sockets and unchanged filter chains went on. */
  readonly updatedInPlace: number;
}

/**
 * The part of `listener_manager.*` that is counted once in the process, on the main thread, when a configuration comes in force.
 * See `WorkerListenerStats` for what workers show.
 */
export class ListenerManagerStats {
  readonly #added: Counter;
  readonly #modified: Counter;
  readonly #removed: Counter;
  readonly #inPlace: Counter;

  /** `root` is the main thread's root scope. */
  constructor(root: StatsScope) {
    const scope = root.scope("listener_manager");
    this.#added = scope.counter("listener_added");
    this.#modified = scope.counter("listener_modified");
    this.#removed = scope.counter("listener_removed");
    this.#inPlace = scope.counter("listener_in_place_updated");
    // A version that can't be made is refused as a whole, and nothing warms up apart from it: the names are there for whoever
    // watches them.
    scope.counter("listener_create_failure");
    scope.gauge("total_listeners_warming");
  }

  /** Call it once for each configuration that came in force. */
  count(counts: ListenerCounts): void {
    this.#added.add(counts.added);
    this.#modified.add(counts.modified);
    this.#removed.add(counts.removed);
    this.#inPlace.add(counts.updatedInPlace);
  }
}
