import { type EventLoopUtilization, performance } from "node:perf_hooks";
import type { Readable } from "node:stream";
import { getHeapSnapshot, getHeapStatistics } from "node:v8";
import type { Worker } from "node:worker_threads";

/** Memory that a thread holds, in bytes. */
export interface HeapHeld {
  readonly usedBytes: number;
  readonly totalBytes: number;
  readonly limitBytes: number;
  /** Outside the heap, such as buffers. */
  readonly externalBytes: number;
}

/** Processor time that a thread has used since it started, in microseconds. */
export interface CpuUsed {
  readonly user: number;
  readonly system: number;
}

/** Reads what a thread uses. Looking costs nothing while nobody looks. */
export interface ThreadProbe {
  /** Since the thread started. Answers for a thread that is stuck too. */
  eventLoop(): EventLoopUtilization;
  /** These two settle only when the thread gets round to it; a thread that is stuck does not. */
  cpu(): Promise<CpuUsed>;
  heap(): Promise<HeapHeld>;
  /** Everything on the heap, as Chrome DevTools opens it. The thread stands still while it is made. */
  heapSnapshot(): Promise<Readable>;
}

/** The probe of the calling thread. */
export const ownThreadProbe: ThreadProbe = {
  eventLoop: () => performance.eventLoopUtilization(),
  cpu: async () => process.threadCpuUsage(),
  heap: async () => heapHeld(getHeapStatistics()),
  heapSnapshot: async () => getHeapSnapshot(),
};

/** The probe of a worker thread, for the thread that started it. */
export function workerThreadProbe(worker: Worker): ThreadProbe {
  return {
    eventLoop: () => worker.performance.eventLoopUtilization(),
    cpu: () => worker.cpuUsage(),
    heap: async () => heapHeld(await worker.getHeapStatistics()),
    heapSnapshot: () => worker.getHeapSnapshot(),
  };
}

function heapHeld(heap: ReturnType<typeof getHeapStatistics>): HeapHeld {
  return {
    usedBytes: heap.used_heap_size,
    totalBytes: heap.total_heap_size,
    limitBytes: heap.heap_size_limit,
    externalBytes: heap.external_memory,
  };
}
