import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Lifecycle, type LifecycleState } from "../../../src/actor/lifecycle.ts";

const STATES: readonly LifecycleState[] = ["starting", "running", "draining", "stopped", "failed"];
/** The way to each state from a new lifecycle. */
const PATHS: Readonly<Record<LifecycleState, readonly LifecycleState[]>> = {
  starting: [],
  running: ["running"],
  draining: ["running", "draining"],
  stopped: ["running", "draining", "stopped"],
  failed: ["failed"],
};
const ALLOWED: Readonly<Record<LifecycleState, readonly LifecycleState[]>> = {
  starting: ["running", "draining", "failed"],
  running: ["draining", "failed"],
  draining: ["stopped"],
  stopped: [],
  failed: ["stopped", "starting"],
};

function lifecycleIn(state: LifecycleState): Lifecycle {
  const lifecycle = new Lifecycle();
  for (const step of PATHS[state]) lifecycle.moveTo(step);
  return lifecycle;
}

describe("Lifecycle", () => {
  for (const from of STATES) {
    for (const to of STATES) {
      const allowed = ALLOWED[from].includes(to);
      it(`${allowed ? "goes" : "refuses to go"} from ${from} to ${to}`, () => {
        const lifecycle = lifecycleIn(from);
        assert.equal(lifecycle.canMoveTo(to), allowed);
        if (allowed) {
          lifecycle.moveTo(to);
          assert.equal(lifecycle.state, to);
        } else {
          assert.throws(() => lifecycle.moveTo(to), { name: "InvariantError" });
          assert.equal(lifecycle.state, from);
        }
      });
    }
  }
});
