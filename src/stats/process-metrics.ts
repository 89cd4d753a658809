import { collectDefaultMetrics, Registry } from "prom-client";

/**
 * prom-client's metrics of the process and the main thread: CPU time, memory, event loop delay, garbage collection,
 * open files. Make one per process: it observes from then on.
 */
export class ProcessMetrics {
  readonly #registry = new Registry();

  constructor() {
    collectDefaultMetrics({ register: this.#registry });
  }

  /** The present values in Prometheus text format. */
  async exposition(): Promise<string> {
    // prom-client writes "Nan", which Prometheus happens to read and others do not.
    return (await this.#registry.metrics()).replaceAll(/ Nan$/gm, " NaN");
  }
}
