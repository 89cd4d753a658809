/** Blocks the calling thread in the middle of its work, as a loop that never ends would, without using the processor. */
export function blockThread(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
