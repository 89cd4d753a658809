/** Bytes that the calling thread holds. */
export interface MemoryHeld {
  readonly heapUsed: number;
  readonly heapTotal: number;
  readonly external: number;
}

/**
 * What the calling thread's heap holds. When node runs with `--expose-gc`, garbage is collected first, so that two readings can be
 * compared; without, what is no longer needed counts until the collector comes by.
 */
export function memoryHeld(): MemoryHeld {
  globalThis.gc?.();
  const { heapUsed, heapTotal, external } = process.memoryUsage();
  return { heapUsed, heapTotal, external };
}
