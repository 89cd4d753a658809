import type { ListenerData } from "./listener-data.ts";

/** What changes from one snapshot to the next. A listener that is in neither list stays as it is. */
export interface ListenerChanges {
  /** New listeners and new versions of known ones. */
  readonly upserts: readonly ListenerData[];
  /** Names of listeners that are gone. */
  readonly removals: readonly string[];
}
