import type { ResourceName } from "../worker/protocol.ts";
import type { Resource } from "./config-compiler.ts";

/** What one configuration changes in another, resource by resource. */
export interface ResourceDiff {
  readonly added: readonly ResourceName[];
  readonly changed: readonly ResourceName[];
  readonly removed: readonly ResourceName[];
  /** The added and the changed, with their data. */
  readonly upserts: readonly Resource[];
}

/** Compares by kind, name and hash. The order of resources has no meaning. */
export function diffResources(before: readonly Resource[], after: readonly Resource[]): ResourceDiff {
  const old = new Map(before.map((resource) => [identityOf(resource), resource]));
  const added: ResourceName[] = [];
  const changed: ResourceName[] = [];
  const upserts: Resource[] = [];
  for (const resource of after) {
    const identity = identityOf(resource);
    const previous = old.get(identity);
    old.delete(identity);
    if (previous?.hash === resource.hash) continue;
    upserts.push(resource);
    (previous === undefined ? added : changed).push(nameOf(resource));
  }
  return { added, changed, removed: [...old.values()].map(nameOf), upserts };
}

/** Whether there is nothing to do. */
export function isEmptyDiff(diff: ResourceDiff): boolean {
  return diff.upserts.length === 0 && diff.removed.length === 0;
}

function identityOf(resource: ResourceName): string {
  return `${resource.kind}\n${resource.name}`;
}

function nameOf({ kind, name }: ResourceName): ResourceName {
  return { kind, name };
}
