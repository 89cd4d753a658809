import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ChildSupervision, NEVER_RESTART } from "../../../src/actor/supervision.ts";
import { fixedRandom } from "../../harness/actor-world.ts";
import { FakeClock } from "../../harness/fake-clock.ts";

describe("ChildSupervision", () => {
  it("doubles the pause with each crash in a row, up to the longest", () => {
    const supervision = new ChildSupervision(new FakeClock(), fixedRandom(0), { initialDelayMs: 100, maxDelayMs: 500 });
    const delays = [1, 2, 3, 4, 5].map((n) => supervision.onCrash(new Error(`crash ${n}`)).delayMs);
    assert.deepEqual(delays, [100, 200, 400, 500, 500]);
  });

  it("takes the jitter off the pause", () => {
    const policy = { initialDelayMs: 100, jitterFraction: 0.2 };
    assert.equal(new ChildSupervision(new FakeClock(), fixedRandom(0.5), policy).onCrash("x").delayMs, 90);
  });

  it("gives up once the budget of the window is used up, and keeps why", () => {
    const supervision = new ChildSupervision(new FakeClock(), fixedRandom(0), { budget: 2 });
    const actions = ["a", "b", "c"].map((text) => supervision.onCrash(new Error(text)).action);
    assert.deepEqual(actions, ["restart", "restart", "give_up"]);
    assert.equal(supervision.restarts, 2);
    assert.deepEqual(
      supervision.history().map((crash) => crash.error),
      ["a", "b", "c"],
    );
  });

  it("renews the budget and the first pause after a quiet window", () => {
    const clock = new FakeClock();
    const supervision = new ChildSupervision(clock, fixedRandom(0), { budget: 1, budgetWindowMs: 1000 });
    supervision.onCrash("a");
    clock.advance(1010);
    const crash = supervision.onCrash("b");
    assert.equal(crash.action, "restart");
    assert.equal(crash.delayMs, 100);
  });

  it("never restarts when told so", () => {
    assert.equal(new ChildSupervision(new FakeClock(), fixedRandom(0), NEVER_RESTART).onCrash("a").action, "give_up");
  });

  it("keeps a bounded history", () => {
    const supervision = new ChildSupervision(new FakeClock(), fixedRandom(0));
    for (let i = 0; i < 100; i++) supervision.onCrash(`crash ${i}`);
    assert.equal(supervision.history().length, 20);
    assert.equal(supervision.history().at(-1)?.error, "crash 99");
  });
});
