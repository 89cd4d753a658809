import { systemClock } from "../../../src/base/clock.ts";
import { CircuitBreakerCells } from "../../../src/upstream/circuit-breaker/circuit-breaker-cells.ts";
import type { SharedCircuitBreaker } from "../../../src/upstream/circuit-breaker/shared-circuit-breaker.ts";
import { SharedLimits } from "../../../src/upstream/limits/shared-limits.ts";

/** Limits that have memory for every count that somebody asks for. */
export class LimitsOnDemand extends SharedLimits {
  readonly cells = new CircuitBreakerCells();

  constructor() {
    super(systemClock);
  }

  override count(name: string, max: number): SharedCircuitBreaker {
    const slots = new Map([[name, this.cells.allocate(name)]]);
    this.attach({ slots, chunks: this.cells.chunksFor(1) });
    return super.count(name, max);
  }
}
