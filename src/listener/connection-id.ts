/** Workers whose connection ids must differ; the last digits of an id are its worker's number. */
const ID_STEP = 1000;

/** The id of a worker's `count`th connection. */
export function connectionId(count: number, workerIndex: number): number {
  return count * ID_STEP + workerIndex;
}

/** The index of the worker that has, or had, the connection of this id. */
export function workerIndexOf(id: number): number {
  return id % ID_STEP;
}
