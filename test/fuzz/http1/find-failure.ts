import assert from "node:assert/strict";
import type { FuzzBudget } from "../../harness/fuzz-budget.ts";
import { shrink } from "../../harness/shrink.ts";

/**
 * Tries one input after the other until the time is up, and answers how many. The first that fails ends the test, with the input as it was and as
 * short as it can be made. `failure` says what is wrong, `""` if nothing is.
 */
export async function findFailure(
  budget: FuzzBudget,
  nextInput: () => string,
  failure: (text: string) => Promise<string>,
): Promise<number> {
  let inputs = 0;
  while (!budget.isOver) {
    const text = nextInput();
    inputs++;
    const found = await failure(text);
    if (found === "") continue;
    const small = await shrink(text, async (candidate) => (await failure(candidate)) !== "");
    assert.fail(
      `seed ${budget.seed}, input ${inputs}: ${found}\n  input:  ${JSON.stringify(text)}\n  shrunk: ${JSON.stringify(small)}\n  ${await failure(small)}`,
    );
  }
  return inputs;
}
