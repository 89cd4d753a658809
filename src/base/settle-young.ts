import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Less than this among the young objects of a thread is collected in a millisecond or two. */
const WORTHWHILE_BYTES = 4 * 1024 * 1024;

type Collect = (options: { readonly type: "minor" }) => void;

/**
 * Moves what a thread has built, and will keep, out of the space of young objects now, while nobody waits. Otherwise the first collections under
 * traffic would copy it, for 20 to 50 ms with 10,000 clusters. Does nothing if there is little. For the end of a thread's start.
 */
export function settleYoung(): void {
  const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space");
  if (young === undefined || young.space_used_size < WORTHWHILE_BYTES) return;
  const collect = findCollect();
  // The first time objects are copied within the space, the second time out of it.
  collect?.({ type: "minor" });
  collect?.({ type: "minor" });
}

/** Node.js gives the function only to contexts that are made while the flag is set. Who set it keeps it. */
function findCollect(): Collect | undefined {
  if (globalThis.gc !== undefined) return globalThis.gc as Collect;
  setFlagsFromString("--expose-gc");
  try {
    return runInNewContext("globalThis.gc") as Collect | undefined;
  } finally {
    setFlagsFromString("--no-expose-gc");
  }
}
