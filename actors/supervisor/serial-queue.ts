/** Runs jobs one after the other, in the order they came. A job that fails doesn't keep the next from running. */
export class SerialQueue {
  #tail: Promise<void> = Promise.resolve();
  #length = 0;

  /** Jobs that run or wait. */
  get length(): number {
    return this.#length;
  }

  /** Settles as the job does. */
  run<T>(job: () => Promise<T>): Promise<T> {
    this.#length++;
    const done = this.#tail.then(job);
    const finished = (): void => {
      this.#length--;
    };
    this.#tail = done.then(finished, finished);
    return done;
  }
}
