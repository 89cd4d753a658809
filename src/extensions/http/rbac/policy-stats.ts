import type { Counter, StatsScope } from "../../../stats/scope.ts";

/** Counts what each policy decides, by its name. Counters are made when a policy first decides. */
export class PolicyStats {
  readonly #scope: StatsScope;
  readonly #prefix: string;
  readonly #allowed: string;
  readonly #denied: string;
  readonly #byPolicy = new Map<string, { readonly allowed: Counter; readonly denied: Counter }>();

  /** The counters are `<scope>.<prefix>.<policy>.<allowed>` and `….<denied>`. */
  constructor(scope: StatsScope, prefix: string, [allowed, denied]: readonly [allowed: string, denied: string]) {
    this.#scope = scope;
    this.#prefix = prefix;
    this.#allowed = allowed;
    this.#denied = denied;
  }

  count(policy: string, isAllowed: boolean): void {
    let counters = this.#byPolicy.get(policy);
    if (counters === undefined) {
      const counter = (name: string): Counter => this.#scope.counter(`${this.#prefix}.${policy}.${name}`);
      counters = { allowed: counter(this.#allowed), denied: counter(this.#denied) };
      this.#byPolicy.set(policy, counters);
    }
    (isAllowed ? counters.allowed : counters.denied).inc();
  }
}
