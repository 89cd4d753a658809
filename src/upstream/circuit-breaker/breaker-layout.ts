/** The resources that a cluster limits, in the order of their cells. */
export const BREAKER_RESOURCES = ["connections", "pendingRequests", "requests", "retries", "connectionPools"] as const;
export type BreakerResource = (typeof BREAKER_RESOURCES)[number];

/** One 32-bit count per resource and priority: first those of `default`, then those of `high`. */
export const CELLS_PER_SLOT = 2 * BREAKER_RESOURCES.length;

/** Clusters per block of shared memory; a block is 40 KiB. */
export const SLOTS_PER_CHUNK = 1024;
