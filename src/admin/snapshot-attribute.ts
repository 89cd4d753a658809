/** The attribute under which an actor shows the version of the snapshot it runs on. */
export const SNAPSHOT_ATTRIBUTE = "snapshotVersion";
