import { type ResourceStamp, resourceKey } from "./compile-request.ts";

/** What has to be done to get from one list of resources to another. Each in the order of the list it comes from. */
export interface ResourceDiff {
  readonly added: readonly ResourceStamp[];
  /** In both with different content; the new stamps. */
  readonly changed: readonly ResourceStamp[];
  /** The old stamps. */
  readonly removed: readonly ResourceStamp[];
  /** How many are in both with equal content. */
  readonly unchangedCount: number;
}

/** Compares two lists of resources by kind, name and content. Order does not matter. */
export function diffResources(before: readonly ResourceStamp[], after: readonly ResourceStamp[]): ResourceDiff {
  const old = new Map(before.map((resource) => [resourceKey(resource), resource]));
  const added: ResourceStamp[] = [];
  const changed: ResourceStamp[] = [];
  let unchangedCount = 0;
  for (const resource of after) {
    const key = resourceKey(resource);
    const previous = old.get(key);
    old.delete(key);
    if (previous === undefined) added.push(resource);
    else if (previous.hash !== resource.hash) changed.push(resource);
    else unchangedCount++;
  }
  return { added, changed, removed: [...old.values()], unchangedCount };
}

/** True if nothing has to be done. */
export function isEmptyDiff(diff: ResourceDiff): boolean {
  return diff.added.length + diff.changed.length + diff.removed.length === 0;
}
