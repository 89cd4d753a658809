/** The number of a worker's actor: `worker-3` is 3. Workers that are started anew keep it. */
export function workerNumber(worker: string): number {
  return Number(worker.slice(worker.lastIndexOf("-") + 1));
}
